"""What an order cost and what came back, on its customer's page, and the form that asks some back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.models import Role
from orders import customer
from orders.models import Order, Refund
from orders.payments.account import account_of
from orders.payments.refunds import CannotRefund

#: What a customer can complain of.
REASONS = [
    (reason.value, reason.label)
    for reason in Refund.Reason
    if reason not in (Refund.Reason.GOODWILL, Refund.Reason.NOT_DELIVERED)
]


@for_role(Role.CUSTOMER)
@require_GET
def money(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """A fragment of the order's page."""
    own = Order.objects.for_customer(account(request).pk).select_related("payment").prefetch_related("lines")
    found = account_of(get_object_or_404(own, pk=order_id))
    return render(request, "orders/_money.html", {"money": found, "order": found.order, "reasons": REASONS})


@for_role(Role.CUSTOMER)
@require_POST
def problem(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Pieces come as `line-<id>`; none chosen asks for the whole order."""
    fields = {name[5:]: str(text) for name, text in request.POST.items() if name.startswith("line-")}
    chosen = {int(line): int(text) for line, text in fields.items() if line.isdecimal() and text.isdecimal()}
    pieces = {line: quantity for line, quantity in chosen.items() if quantity}
    reason = request.POST.get("reason", "")
    if reason not in dict(REASONS):
        raise Http404("There is no such reason.")
    note = request.POST.get("note", "").replace("\0", "").strip()[:200]
    try:
        refund = customer.report_problem(order_id, by=account(request), reason=reason, note=note, pieces=pieces or None)
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    except CannotRefund as refused:
        messages.error(request, str(refused))
    else:
        at_once = refund.state == Refund.State.APPROVED
        messages.success(
            request, "Your money is on its way back." if at_once else "Thank you: somebody will look at it."
        )
    return redirect("orders:order", order_id)
