"""A walk through every page of the admin; `python -m tests.admin.walk` walks where the theme cannot be imported."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def name_of(model: type[Model]) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}"


def pages(model: type[Model], *, user: object, search: bool) -> Iterator[tuple[str, int]]:
    """Addresses of a model's list, a search of it, its form for a new one and its first row, with what they answer."""
    name = name_of(model)
    request = RequestFactory().get("/")
    request.user = user  # type: ignore[assignment]
    yield reverse(f"{name}_changelist"), 200
    if search:
        yield f"{reverse(f'{name}_changelist')}?q=x", 200
    yield reverse(f"{name}_add"), 200 if admin.site._registry[model].has_add_permission(request) else 403
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"there is no {model._meta.label} to look at"
    yield reverse(f"{name}_change", args=[row.pk]), 200


def walk(client: Client, models: list[type[Model]], *, user: object, search: bool = True) -> list[str]:
    """What does not answer as it should."""
    found = []
    there = [page for model in models for page in pages(model, user=user, search=search)]
    for address, wanted in [("/admin/", 200), *there]:
        answer = client.get(address)
        if answer.status_code != wanted:
            found.append(f"{address} answers {answer.status_code}, not {wanted}")
    return found


def queries(client: Client, model: type[Model]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(reverse(f"{name_of(model)}_changelist"))
    return len(captured)


def main() -> None:
    # As where the package is not installed.
    sys.modules["unfold"] = None  # type: ignore[assignment]
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "FORKROAD_ADMIN_THEME": "unfold"}
    import django

    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.test.utils import setup_test_environment

    setup_test_environment()
    from tests import factories
    from tests.admin.town import grow, registered, settle

    with transaction.atomic():
        boss = factories.make_operator()
        client = Client()
        client.force_login(boss)
        settle()
        complaints = walk(client, registered(), user=boss)
        few = {model: queries(client, model) for model in registered()}
        grow()
        many = {model: queries(client, model) for model in registered()}
        page = client.get("/admin/")
        transaction.set_rollback(True)
    policy = page.headers["Content-Security-Policy"]
    by_row = {model._meta.label: (few[model], many[model]) for model in few if many[model] > few[model]}
    found = {"theme": settings.ADMIN_THEME, "complaints": complaints, "policy": policy}
    print(json.dumps(found | {"by_row": by_row, "most": max(many.values())}))


if __name__ == "__main__":
    main()
