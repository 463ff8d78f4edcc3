"""Actions of the admin that a person confirms first, with a reason: each object on its own, each with a log entry."""

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
#: Characters; as long as an order's history keeps of a reason.
REASON_LENGTH = 200


class Refused(Exception):
    """It was not done, and why; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants it, by the account's id, and why."""

    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What an action does, in the words of its confirmation page. `act` returns what became of one object.

    `columns` are names of fields or attributes. `permission` is the `has_…_permission` that its admin must have.
    """

    name: str
    description: str
    warning: str
    columns: tuple[str, ...]
    act: Callable[[Any, Asked], str]
    permission: str = "settle"


Action = Callable[[Any, HttpRequest, "QuerySet[Any]"], HttpResponseBase | None]


def confirmed(ask: Ask) -> Action:
    """An admin action that shows `ask` and does it once the person has said yes, and why.

    Mostly it is offered to those who hold the model's change permission (their own, a group's, or as superuser), where
    the admin itself lets nobody edit: these actions are the only change there is.
    """

    def action(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        reason = request.POST.get("reason", "").replace("\0", "").strip()[:REASON_LENGTH]
        if CONFIRMED not in request.POST or not reason:
            return _question(self, request, queryset, ask)
        # Nobody comes here without having signed in.
        asked = Asked(by=request.user.pk or 0, reason=reason)
        for one in queryset.order_by("pk"):
            _settle(self, request, one, ask, asked)
        return None

    action.__name__ = ask.name
    return admin.action(permissions=[ask.permission], description=ask.description)(action)


class Settled:
    """Mix into an admin that offers such actions, before `ReadOnly`."""

    opts: Any

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def _question(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], ask: Ask) -> TemplateResponse:
    found = list(queryset.order_by("pk")[:LISTED])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": ask.description,
        "opts": model_admin.opts,
        "ask": ask,
        "names": [_name(model_admin, column) for column in ask.columns],
        "rows": [[getattr(one, column) for column in ask.columns] for one in found],
        "count": queryset.count(),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
        "unsaid": CONFIRMED in request.POST,
        "longest": REASON_LENGTH,
    }
    return TemplateResponse(request, "admin/messaging/confirm.html", context)


def _name(model_admin: Any, column: str) -> str:
    known = {field.name: str(field.verbose_name) for field in model_admin.opts.concrete_fields}
    return known.get(column, column.replace("_", " "))


def _settle(model_admin: Any, request: HttpRequest, one: Model, ask: Ask, asked: Asked) -> None:
    name, pk = str(one), one.pk
    try:
        outcome = ask.act(one, asked)
    except (Refused, OperationalError) as error:
        model_admin.message_user(request, f"{name}: {error}", messages.ERROR)
        return
    one.pk = pk  # Django clears it on delete; the log must still name the row.
    model_admin.log_change(request, one, f"{ask.description}: {outcome}. Reason: {asked.reason}")
    model_admin.message_user(request, f"{name}: {outcome}", messages.SUCCESS)
