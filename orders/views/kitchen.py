"""The restaurant's board: what is new, what is cooking, what waits at the counter."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.models import Role
from orders import kitchen
from orders.arrivals import couriers_here
from orders.lifecycle import IllegalTransition
from orders.menu import sections
from orders.models import MenuItem, Order, Restaurant, Status

LANES = [(Status.PAID, "New"), (Status.ACCEPTED, "Preparing"), (Status.READY, "Ready")]

#: City minutes a restaurant can promise with one press.
MINUTES = (5, 10, 15, 20, 30, 45)

REASONS = ("We are too busy", "An ingredient ran out", "We are closing")


@for_role(Role.RESTAURANT)
@require_GET
@vary_on_headers("HX-Request")
def board(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its three lanes alone."""
    if request.htmx:  # type: ignore[attr-defined]
        return _lanes(request)
    shop = get_object_or_404(Restaurant.objects.prefetch_related("items"), user=account(request))
    return render(request, "orders/kitchen.html", _context(request) | {"restaurant": shop, "sections": sections(shop)})


@for_role(Role.RESTAURANT)
@require_POST
def accept(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    try:
        minutes = float(request.POST["minutes"]) if request.POST.get("minutes") else None
    except ValueError:
        minutes = -1.0
    return _do(request, lambda: kitchen.accept(order_id, by=account(request), preparation_minutes=minutes))


@for_role(Role.RESTAURANT)
@require_POST
def reject(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")[:200] or REASONS[0]
    return _do(request, lambda: kitchen.reject(order_id, by=account(request), reason=reason))


@for_role(Role.RESTAURANT)
@require_POST
def ready(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    return _do(request, lambda: kitchen.ready(order_id, by=account(request)))


@for_role(Role.RESTAURANT)
@require_POST
def cancel(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")[:200] or REASONS[0]
    return _do(request, lambda: kitchen.cancel(order_id, by=account(request), reason=reason))


@for_role(Role.RESTAURANT)
@require_POST
def sold_out(request: HttpRequest, item_id: int) -> HttpResponse:
    try:
        item = kitchen.set_sold_out(item_id, by=account(request), sold_out=request.POST.get("sold_out") == "yes")
    except (MenuItem.DoesNotExist, Restaurant.DoesNotExist):
        raise Http404("Your menu has no such item.") from None
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "orders/_toggle.html", {"item": item})
    return redirect("orders:kitchen")


@for_role(Role.RESTAURANT)
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    try:
        kitchen.set_paused(by=account(request), paused=request.POST.get("paused") == "yes")
    except Restaurant.DoesNotExist:
        raise Http404("You have no restaurant.") from None
    return redirect("orders:kitchen")


def _do(request: HttpRequest, action: Callable[[], Order]) -> HttpResponse:
    """Carry out a press, and show the board as it is then, whatever came of it."""
    trouble = ""
    try:
        action()
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    except (IllegalTransition, ValueError) as error:
        trouble = str(error)
    if request.htmx:  # type: ignore[attr-defined]
        return _lanes(request, trouble=trouble)
    if trouble:
        messages.error(request, trouble)
    return redirect("orders:kitchen")


def _lanes(request: HttpRequest, *, trouble: str = "") -> HttpResponse:
    return render(request, "orders/_lanes.html", _context(request) | {"trouble": trouble})


def _context(request: HttpRequest) -> dict[str, object]:
    orders = (
        Order.objects.for_restaurant(account(request).pk)
        .filter(status__in=[status for status, _ in LANES])
        .prefetch_related("lines")
        .select_related("restaurant")
        .order_by("placed_at")
    )
    shown = list(orders[:150])
    held: dict[str, list[Order]] = {status: [] for status, _ in LANES}
    for order in shown:
        held[order.status].append(order)
    return {
        "lanes": [(status, name, held[status]) for status, name in LANES],
        "minutes": MINUTES,
        "reasons": REASONS,
        "courier_is_here": couriers_here(shown),
    }
