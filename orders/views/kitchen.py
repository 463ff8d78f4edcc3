"""The restaurant's board: what is new, what is cooking, what waits at the counter."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from orders import kitchen
from orders.board import LANES, alarm_of, alarm_on, lanes_of
from orders.lifecycle import IllegalTransition
from orders.menu import sections
from orders.models import MenuItem, Order, Restaurant, Status
from orders.numbers import today_of
from orders.ratings import averages

#: City minutes a restaurant can promise with one press, and can add to a promise.
MINUTES = (5, 10, 15, 20, 30, 45)
LATER = (5, 10, 15)

#: Why a press changes nothing, by where the order is.
STANDS = {
    Status.PAID: "waits for your answer first",
    Status.ACCEPTED: "is being prepared already",
    Status.READY: "is ready already",
    Status.PICKED_UP: "is on its way with the courier",
    Status.DELIVERED: "was delivered",
    Status.REJECTED: "was rejected, or not answered in time",
    Status.CANCELLED: "was cancelled",
    Status.UNDELIVERABLE: "was given up: no courier could bring it",
}

REASONS = ("We are too busy", "An ingredient ran out", "We are closing")


@for_role(Role.RESTAURANT)
@require_GET
@vary_on_headers("HX-Request")
def board(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its three lanes alone."""
    if by_htmx(request):
        return _lanes(request)
    shop = get_object_or_404(Restaurant.objects.prefetch_related("items"), user=account(request))
    context = _context(request)
    more = {
        "restaurant": shop,
        "sections": sections(shop),
        "alarm": alarm_on(shop, context["lanes"]),  # type: ignore[arg-type]
        "today": today_of(shop),
        "rating": averages([shop.pk]).get(shop.pk),
    }
    return render(request, "orders/kitchen.html", context | more)


@for_role(Role.RESTAURANT)
@require_GET
def alarm(request: HttpRequest) -> HttpResponse:
    """What waits for an answer: refreshed even while somebody works in a form of the board."""
    try:
        return render(request, "orders/_alarm.html", {"alarm": alarm_of(account(request))})
    except Restaurant.DoesNotExist:
        raise Http404("You have no restaurant.") from None


@for_role(Role.RESTAURANT)
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    shop = get_object_or_404(Restaurant, user=account(request))
    context = {"today": today_of(shop), "rating": averages([shop.pk]).get(shop.pk)}
    return render(request, "orders/_numbers.html", context)


@for_role(Role.RESTAURANT)
@require_POST
def accept(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    minutes = _minutes(request) if request.POST.get("minutes") else None
    return _do(request, lambda: kitchen.accept(order_id, by=account(request), preparation_minutes=minutes))


@for_role(Role.RESTAURANT)
@require_POST
def reject(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")[:200] or REASONS[0]
    return _do(request, lambda: kitchen.reject(order_id, by=account(request), reason=reason))


@for_role(Role.RESTAURANT)
@require_POST
def later(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    return _do(request, lambda: kitchen.delay(order_id, by=account(request), minutes=_minutes(request)))


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
    if by_htmx(request):
        return render(request, "orders/_toggle.html", {"item": item, "just": True})
    return redirect(f"{reverse('orders:kitchen')}#item-{item.pk}")


@for_role(Role.RESTAURANT)
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    try:
        kitchen.set_paused(by=account(request), paused=request.POST.get("paused") == "yes")
    except Restaurant.DoesNotExist:
        raise Http404("You have no restaurant.") from None
    return redirect("orders:kitchen")


@for_role(Role.RESTAURANT)
@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    """The usual preparation, and when to pause by itself."""
    try:
        kitchen.set_rules(
            by=account(request),
            preparation_minutes=int(request.POST.get("preparation_minutes", "")),
            auto_pause_after=int(request.POST.get("auto_pause_after", "")),
        )
    except Restaurant.DoesNotExist:
        raise Http404("You have no restaurant.") from None
    except ValueError as error:
        messages.error(request, "Whole numbers, please." if "literal" in str(error) else str(error))
    else:
        messages.success(request, "Noted: it counts from the next order on.")
    return redirect("orders:kitchen")


def _minutes(request: HttpRequest) -> float:
    """The form's minutes; senseless ones are out of every range."""
    try:
        return float(request.POST.get("minutes", ""))
    except ValueError:
        return -1.0


def _do(request: HttpRequest, action: Callable[[], Order]) -> HttpResponse:
    """Carry out a press, and show the board as it is then, whatever came of it."""
    trouble = ""
    try:
        action()
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    except IllegalTransition as error:
        trouble = f"Nothing was changed: order {error.number} {STANDS[Status(error.status)]}."
    except ValueError as error:
        trouble = str(error)
    if by_htmx(request):
        answer = _lanes(request, trouble=trouble)
        # The alarm looks again at once: an answered order must not ring on. (A piece out of band would miss its target
        # whenever an event has replaced the pressed form in the meantime.)
        answer["HX-Trigger"] = "answered"
        return answer
    if trouble:
        messages.error(request, trouble)
    return redirect(f"{reverse('orders:kitchen')}?tab={_tab(request)}")


def _lanes(request: HttpRequest, **more: object) -> HttpResponse:
    return render(request, "orders/_lanes.html", _context(request) | more)


def _tab(request: HttpRequest) -> str:
    """The lane that a narrow screen shows."""
    asked = request.POST.get("tab") or request.GET.get("tab")
    return asked if asked in [status for status, _ in LANES] else Status.PAID


def _context(request: HttpRequest) -> dict[str, object]:
    return {
        "lanes": lanes_of(account(request)),
        "tab": _tab(request),
        "minutes": MINUTES,
        "later": LATER,
        "reasons": REASONS,
    }
