"""Pieces of this room that other rooms' pages show."""

from __future__ import annotations

import math
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Address, Role
from delivery.eta.promises import foresee, promise_of
from delivery.selectors import delivery_of
from delivery.views.away import away
from orders.models import Order, Restaurant
from orders.ratings import courier_average


@for_role(Role.CUSTOMER)
@require_GET
@vary_on_headers("HX-Request")
def courier_of(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """When the order comes, and who brings it, by first name; a page of its own where no script asks."""
    order = _own(request, order_id)
    delivery = delivery_of(order)
    context = {
        "order": order,
        "first_name": delivery.courier_name.split(" ")[0] if delivery else "",
        "rating": None if order.is_final or order.courier_id is None else courier_average(order.courier_id),
        "away": away(order),
        "promise": promise_of(order),
    }
    template = "_courier_of.html" if by_htmx(request) else "courier_of.html"
    return render(request, f"delivery/{template}", context)


@for_role(Role.CUSTOMER)
@require_GET
def map_of(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The map of an order under way. Positions come to it by the page's event stream."""
    order = _own(request, order_id)
    return render(request, "delivery/_map_of.html", {"order": order, "away": away(order)})


@for_role(Role.CUSTOMER)
@require_GET
def promise_for(request: HttpRequest, restaurant: str) -> HttpResponse:
    """When an order would come that is placed now, for the checkout; to the door that its form has chosen."""
    shop = get_object_or_404(Restaurant, slug=restaurant)
    door = _chosen_door(request)
    times = foresee(shop, door) if door else None
    return render(request, "delivery/_promise_for.html", {"times": times})


def _own(request: HttpRequest, order_id: uuid.UUID) -> Order:
    own = Order.objects.for_customer(account(request).pk).select_related("restaurant", "address")
    return get_object_or_404(own, pk=order_id)


def _chosen_door(request: HttpRequest) -> Address | None:
    """A known address, or the new one's place; None while the form holds neither."""
    chosen = request.GET.get("door", "")
    if chosen.isdecimal() and len(chosen) < 18:
        return Address.objects.filter(user=account(request), pk=int(chosen)).first()
    try:
        latitude, longitude = float(request.GET.get("latitude", "")), float(request.GET.get("longitude", ""))
    except ValueError:
        return None
    on_earth = math.isfinite(latitude + longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return Address(latitude=latitude, longitude=longitude) if on_earth else None
