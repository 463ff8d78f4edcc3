"""A customer's orders, and one of them as it moves."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx, page_number
from accounts.models import Role
from orders import customer
from orders.lifecycle import CANCEL, IllegalTransition
from orders.models import Order, Status
from orders.tracker import track

from .after import rating_of

#: Orders on a page of them.
PAGE = 20


@for_role(Role.CUSTOMER)
@require_GET
@vary_on_headers("HX-Request")
def mine(request: HttpRequest) -> HttpResponse:
    """The latest first, by pages (`page`, from 1); for htmx the list alone, as it stands now."""
    page = page_number(request)
    found = Order.objects.for_customer(account(request).pk).select_related("restaurant")
    orders = list(found[(page - 1) * PAGE : page * PAGE + 1])
    context = {"orders": orders[:PAGE], "page": page, "older": page + 1 if len(orders) > PAGE else None}
    return render(request, "orders/_mine.html" if by_htmx(request) else "orders/mine.html", context)


@for_role(Role.CUSTOMER)
@require_GET
@vary_on_headers("HX-Request")
def order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The page; for htmx the tracker alone, as it stands now."""
    found = get_object_or_404(
        Order.objects.for_customer(account(request).pk).select_related("restaurant", "address"), pk=order_id
    )
    context = {
        "order": found,
        "track": track(found),
        "cancelling": customer.CANCELLING.get(found.status, ""),
        "may_cancel": found.status in CANCEL.allowed["customer"],
    }
    if by_htmx(request):
        return render(request, "orders/_tracker.html", context)
    after = rating_of(found) if found.status == Status.DELIVERED else {}
    return render(request, "orders/order.html", context | after | {"lines": found.lines.all()})


@for_role(Role.CUSTOMER)
@require_POST
def cancel(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    try:
        customer.cancel(order_id, by=account(request), reason=request.POST.get("reason", "")[:200] or "no reason given")
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    except IllegalTransition:
        messages.error(request, "It is too late to cancel: the restaurant is cooking already.")
    return redirect("orders:order", order_id)
