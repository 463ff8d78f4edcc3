"""Money for the operator: the ledger's accounts, what customers ask back, and one order's payment and postings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.models import Role
from orders.lifecycle import Actor
from orders.models import Order, Posting, Refund
from orders.payments import refunds
from orders.payments.account import account_of
from orders.payments.ledger import balances
from orders.payments.refunds import CannotRefund


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's name and its two columns, minor units, one of them None."""

    name: str
    debit: int | None
    credit: int | None

    @classmethod
    def of(cls, name: str, amount: int) -> Balance:
        return cls(name, amount if amount >= 0 else None, -amount if amount < 0 else None)


@for_role(Role.OPERATOR)
@require_GET
def money(request: HttpRequest) -> HttpResponse:
    """The page: accounts, refunds that wait for a decision, and the latest others."""
    asked = Refund.objects.select_related("payment__order__restaurant").prefetch_related("lines__line")
    accounts = [Balance.of(account.label, amount) for account, amount in balances()]
    context = {
        "accounts": accounts,
        "total": sum(balance.debit or 0 for balance in accounts),
        "waiting": asked.filter(state=Refund.State.REQUESTED).order_by("asked_at")[:50],
        "decided": asked.exclude(state=Refund.State.REQUESTED)[:20],
    }
    return render(request, "operator/money.html", context)


@for_role(Role.OPERATOR)
@require_GET
def order_money(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """A fragment of an order's page: its payment, its postings, its refunds, and the form for one more. Nothing where
    it would show what is shown: somebody may be filling in that form."""
    order = get_object_or_404(Order.objects.select_related("payment").prefetch_related("lines"), pk=order_id)
    postings = [
        (posting, [(entry, Balance.of(entry.get_account_display(), entry.amount)) for entry in posting.entries.all()])
        for posting in Posting.objects.filter(order=order).prefetch_related("entries")
    ]
    money = account_of(order)
    stands = ".".join([str(order.version), str(money.payment.version), *(each.state for each in money.refunds)])
    if request.GET.get("stands") == stands:
        return HttpResponse(status=204)
    context = {"money": money, "order": order, "postings": postings, "reasons": Refund.Reason.choices, "stands": stands}
    return render(request, "operator/_order_money.html", context)


@for_role(Role.OPERATOR)
@require_POST
def refund(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Give back an amount in euro, or, where none is named, all that is left; from the order's page and back to it."""
    reason, text = request.POST.get("reason", ""), request.POST.get("amount", "").strip().replace(",", ".")
    note = request.POST.get("note", "").replace("\0", "").strip()[:200]
    if reason not in Refund.Reason.values:
        raise Http404("There is no such reason.")
    try:
        amount = _minor_units(text) if text else None
    except ValueError:
        messages.error(request, "Nothing was changed: an amount is written like 4.50.")
        return redirect("operator-story", order_id)
    by = Actor("operator", account(request).pk)
    _do(request, lambda: refunds.ask(order_id, by=by, reason=reason, note=note, amount=amount))
    return redirect("operator-story", order_id)


@for_role(Role.OPERATOR)
@require_POST
def decide(request: HttpRequest, refund_id: uuid.UUID, word: str) -> HttpResponse:
    """Approve what a customer asked back, or refuse it with a reason."""
    by, why = Actor("operator", account(request).pk), request.POST.get("why", "").replace("\0", "")
    if word == "approve":
        _do(request, lambda: refunds.approve(refund_id, by=by))
    else:
        _do(request, lambda: refunds.refuse(refund_id, by=by, why=why))
    return redirect("operator-money")


def _do(request: HttpRequest, action: Callable[[], Refund]) -> None:
    try:
        done = action()
    except ObjectDoesNotExist:
        raise Http404("There is no such order or refund.") from None
    except CannotRefund as refused:
        messages.error(request, f"Nothing was changed: {refused}")
    else:
        messages.success(request, f"Refund of {done.amount / 100:.2f}: {done.get_state_display()}.")


def _minor_units(text: str) -> int:
    """Euro as written to cents. Raises ValueError."""
    euro, _, cents = text.partition(".")
    if not (euro.isdecimal() and euro.isascii() and len(euro) <= 6) or (cents and not cents.isdecimal()):
        raise ValueError(text)
    if len(cents) > 2:
        raise ValueError(text)
    return int(euro) * 100 + int(cents.ljust(2, "0") or 0)
