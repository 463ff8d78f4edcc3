"""Actions of the admin that a person confirms first: each object on its own, each with an answer and a log entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import OperationalError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

CONFIRMED = "confirmed"
#: Objects listed on the confirmation page; the action takes all that were selected.
LISTED = 100


class Refused(Exception):
    """It was not done, and why; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What an action does, in the words of its confirmation page. `act` returns what became of one object."""

    name: str
    description: str
    warning: str
    columns: tuple[str, ...]
    act: Callable[[Any], str]


Action = Callable[[Any, HttpRequest, "QuerySet[Any]"], HttpResponseBase | None]


def confirmed(ask: Ask) -> Action:
    """An admin action that shows `ask` and does it once the person has said yes.

    It is offered to those who hold the model's change permission (their own, a group's, or as superuser), though the
    admin itself lets nobody edit: these actions are the only change there is.
    """

    def action(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        if CONFIRMED not in request.POST:
            return _question(self, request, queryset, ask)
        for one in queryset.order_by("pk"):
            _settle(self, request, one, ask)
        return None

    action.__name__ = ask.name
    return admin.action(permissions=["settle"], description=ask.description)(action)


class Settled:
    """Mix into an admin that offers such actions, before `ReadOnly`."""

    opts: Any

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def _question(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], ask: Ask) -> TemplateResponse:
    found = list(queryset.order_by("pk")[:LISTED])
    names = [model_admin.opts.get_field(column).verbose_name for column in ask.columns]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": ask.description,
        "opts": model_admin.opts,
        "ask": ask,
        "names": names,
        "rows": [(one.pk, [getattr(one, column) for column in ask.columns]) for one in found],
        "count": queryset.count(),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/messaging/confirm.html", context)


def _settle(model_admin: Any, request: HttpRequest, one: Model, ask: Ask) -> None:
    name, pk = str(one), one.pk
    try:
        outcome = ask.act(one)
    except (Refused, OperationalError) as error:
        model_admin.message_user(request, f"{name}: {error}", messages.ERROR)
        return
    one.pk = pk  # Django clears it on delete; the log must still name the row.
    model_admin.log_change(request, one, f"{ask.description}: {outcome}")
    model_admin.message_user(request, f"{name}: {outcome}", messages.SUCCESS)
