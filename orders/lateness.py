"""Kitchens that fall behind: told of once for each, and kept from taking more until they have caught up."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Count

from messaging.alerting.responding import response
from messaging.alerting.watching import keep
from messaging.models import Incident, IncidentStep
from messaging.outbox import publish

from .city import CityAfter, city_now, the_city
from .models import Order, Restaurant, Status
from .restaurant_events import LATE as REASON
from .restaurant_events import RestaurantPaused, RestaurantResumed

#: The incident of a restaurant with several late orders; its subject is the restaurant's slug.
KITCHEN_LATE = "kitchen_late"
#: City time past the promised minute after which an order that is not ready counts as late …
LATE = timedelta(minutes=10)
#: … and, however fast the city's clock runs, wall seconds.
LEAST_WAIT_SECONDS = 60.0
#: So many late orders at a time are no slip.
ORDERS = 3

PAUSE = "alerts.pause_restaurant"
PAUSED = "paused: it takes no more orders until it has caught up"


def watch_kitchens() -> int:
    """Open an incident of each kitchen that is late with ORDERS orders; close those that have caught up."""
    city = the_city()
    patience = max(LATE.total_seconds(), LEAST_WAIT_SECONDS * city.speed)
    late = (
        Order.objects.filter(status=Status.ACCEPTED, ready_by__lt=CityAfter(-patience))
        .values("restaurant__slug", "restaurant__name")
        .annotate(orders=Count("id"))
        .filter(orders__gte=ORDERS)
        .order_by()
    )
    minutes = round(patience / 60)
    return keep(
        KITCHEN_LATE,
        {
            row["restaurant__slug"]: f"{row['restaurant__name']}: {row['orders']} orders are not ready {minutes} min"
            " after their time"
            for row in late
        },
    )


@response(PAUSE)
def pause_restaurant(incident: Incident) -> str:
    """Let the kitchen catch up before it gets more orders."""
    with transaction.atomic():
        restaurant = Restaurant.objects.select_for_update().filter(slug=incident.subject).first()
        if restaurant is None:
            return "there is no such restaurant"
        if restaurant.paused:
            return "it had paused already"
        restaurant.paused = True
        restaurant.version += 1
        restaurant.save(update_fields=["paused", "version"])
        fact = RestaurantPaused(restaurant_id=restaurant.pk, zone=restaurant.zone, reason=REASON)
        publish(fact, key=str(restaurant.pk), sequence=restaurant.version, at=city_now())
    return PAUSED


@response("alerts.resume_restaurant")
def resume_restaurant(incident: Incident) -> str:
    """Open it again, where it was this incident that had closed it."""
    done = IncidentStep.objects.filter(incident=incident, task=PAUSE, state=IncidentStep.State.DONE, outcome=PAUSED)
    if not done.exists():
        return "it was not paused by this"
    if Incident.objects.open().filter(kind=incident.kind, subject=incident.subject).exists():
        return "it is late again"
    with transaction.atomic():
        restaurant = Restaurant.objects.select_for_update().filter(slug=incident.subject).first()
        if restaurant is None or not restaurant.paused:
            return "it takes orders already"
        restaurant.paused = restaurant.auto_paused = False
        restaurant.version += 1
        restaurant.save(update_fields=["paused", "auto_paused", "version"])
        fact = RestaurantResumed(restaurant_id=restaurant.pk, zone=restaurant.zone)
        publish(fact, key=str(restaurant.pk), sequence=restaurant.version, at=city_now())
    return "takes orders again"
