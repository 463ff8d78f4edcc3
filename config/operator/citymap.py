"""The city on a map for the operator: couriers, restaurants and orders that nobody has, with tables of the same."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from delivery.models import HELD, Assignment, Courier
from orders.models import Order, Restaurant, Status

#: Rows of each table; the map shows everybody.
ROWS = 100


@for_role(Role.OPERATOR)
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def city_map(request: HttpRequest) -> HttpResponse:
    """The page; for htmx what is on the map, as data and as tables. Between two of these couriers move by a stream."""
    couriers, waiting = list(on_shift()), list(without_courier())
    context = {
        "couriers": couriers[:ROWS],
        "on_shift": len(couriers),
        "busy": sum(vars(courier)["load"] > 0 for courier in couriers),
        "waiting": waiting[:ROWS],
        "waits": len(waiting),
        "town": _as_data(couriers, waiting),
    }
    template = "operator/_map.html" if by_htmx(request) else "operator/map.html"
    return render(request, template, context)


def on_shift() -> QuerySet[Courier]:
    """Couriers who are online, with `load`: what is offered to them or carried by them."""
    held = Count("assignments", filter=Q(assignments__state__in=HELD))
    couriers: QuerySet[Any] = Courier.objects.filter(online=True).select_related("zone").annotate(load=held)
    return couriers.order_by("zone", "name")


def without_courier() -> QuerySet[Order]:
    """Orders that a restaurant has taken and no courier has, the most urgent first; `asked` while an offer is open."""
    of_order = Assignment.objects.filter(order=OuterRef("pk"))
    orders: QuerySet[Any] = Order.objects.filter(status__in=[Status.ACCEPTED, Status.READY])
    free = orders.exclude(Exists(of_order.filter(state=Assignment.State.ACTIVE)))
    asked = free.annotate(asked=Exists(of_order.filter(state=Assignment.State.OFFERED)))
    with_places: QuerySet[Order] = asked.select_related("restaurant", "address").order_by("ready_by", "placed_at")
    return with_places


def _as_data(couriers: list[Courier], waiting: list[Order]) -> dict[str, Any]:
    shops = Restaurant.objects.order_by("pk").values_list("name", "latitude", "longitude", "paused")
    return {
        "couriers": [
            {"id": each.pk, "name": each.name, "at": _at(each), "load": vars(each)["load"]} for each in couriers
        ],
        "restaurants": [
            {"name": name, "at": [round(north, 5), round(east, 5)], "paused": paused}
            for name, north, east, paused in shops
        ],
        "orders": [
            {
                "name": f"{order.number}, {order.restaurant.name}",
                "at": _at(order.restaurant),
                "door": _at(order.address),
                "url": reverse("operator-story", args=[order.pk]),
            }
            for order in waiting
        ],
    }


def _at(place: Any) -> list[float]:
    return [round(place.latitude, 5), round(place.longitude, 5)]
