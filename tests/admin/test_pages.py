"""Every page of the admin opens, with the theme and without it, and none asks the database row by row."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from analytics.models import AuditCheckpoint, AuditEntry
from config.settings.admin import theme_of
from messaging.models import DeadLetter, OutboxRow
from orders.models import Entry, Order, OrderHistory, Payment, PaymentHistory, Posting
from tests import factories
from tests.admin.town import registered, settle
from tests.admin.walk import name_of, walk

#: What has happened: nobody rewrites it, a superuser as little as anybody.
RECORDS = [
    AuditCheckpoint,
    AuditEntry,
    DeadLetter,
    Entry,
    Order,
    OrderHistory,
    OutboxRow,
    Payment,
    PaymentHistory,
    Posting,
]


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(factories.make_operator())
    return client


@pytest.mark.django_db
def test_every_page_opens_in_the_theme(boss: Client) -> None:
    assert settings.ADMIN_THEME == "unfold"
    settle()
    # Searching is no different in other clothes; each page of the theme takes long to draw.
    assert walk(boss, registered(), user=boss.get("/admin/").wsgi_request.user, search=False) == []


@pytest.mark.django_db(transaction=True)
def test_every_page_opens_without_the_theme_and_lists_ask_no_more_for_more_rows() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.admin.walk"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["theme"], found["complaints"], found["by_row"]) == ("plain", [], {})
    assert found["most"] <= 12
    # And nothing is relaxed for a theme that is not there.
    assert "unsafe" not in found["policy"]


def test_a_theme_that_does_not_exist_is_named() -> None:
    assert (theme_of("plain"), theme_of("unfold")) == ("plain", "unfold")
    with pytest.raises(ImproperlyConfigured, match="set it to unfold or plain"):
        theme_of("grappelli")


@pytest.mark.django_db
def test_the_policy_is_relaxed_below_admin_alone_and_for_nobody_outside(boss: Client) -> None:
    def policy(path: str) -> dict[str, str]:
        parts = boss.get(path).headers["Content-Security-Policy"].split("; ")
        return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}

    inside, elsewhere = policy("/admin/"), policy(reverse("operator-history"))
    assert inside["script-src"].split() == ["'self'", "'unsafe-eval'"]
    assert inside["style-src-attr"] == "'unsafe-inline'"
    assert "'unsafe-inline'" not in inside["style-src"] and "http" not in str(inside)
    assert "unsafe" not in str(elsewhere)


@pytest.mark.django_db
@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_what_happened_can_be_looked_at_and_nothing_else(boss: Client, model: type[Model]) -> None:
    request = RequestFactory().get("/")
    request.user = factories.make_operator("other")
    desk = admin.site._registry[model]
    assert desk.has_view_permission(request)
    assert not desk.has_add_permission(request)
    assert not desk.has_change_permission(request)
    assert not desk.has_delete_permission(request)
    assert boss.get(reverse(f"{name_of(model)}_add")).status_code == 403
    # The theme's own actions would delete as well.
    assert "delete_selected" not in desk.get_actions(request)


@pytest.mark.django_db
def test_people_come_in_through_the_house_s_own_door(client: Client) -> None:
    wanted = reverse("admin:orders_order_changelist")
    answer = client.get(wanted, follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert 'class="brand"' in answer.content.decode()
    client.force_login(factories.alice())
    assert client.get(wanted, follow=True).status_code == 403
    client.force_login(factories.make_operator())
    assert client.get(reverse("admin:password_change"))["Location"] == reverse("account_change_password")


@pytest.mark.django_db
def test_secrets_are_on_no_page(boss: Client) -> None:
    settle()
    Order.objects.update(door_code="WXYZ", device_token="device-of-alice")
    order = Order.objects.all()[0]
    page = boss.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert "WXYZ" not in page and "device-of-alice" not in page
    for model in registered():
        if model._meta.label in ("mfa.Authenticator", "notifications.Device"):
            row = model._default_manager.all()[0]
            page = boss.get(reverse(f"{name_of(model)}_change", args=[row.pk])).content.decode()
            assert "secret" not in page and "p256dh" not in page
