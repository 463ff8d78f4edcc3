"""Orders that somebody forgot: a restaurant that does not answer must not keep a customer's money."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import Value

from . import kitchen, lifecycle
from .city import CityAfter, city_now, the_city
from .lifecycle import SYSTEM, IllegalTransition
from .models import City, Order, OrderHistory, Status

#: However fast the city's clock runs, a restaurant has this long (wall seconds) to answer.
LEAST_WALL_SECONDS = 30.0


def patience_seconds(city: City) -> float:
    """How long a restaurant has to answer, in city seconds."""
    return max(city.confirm_minutes * 60, LEAST_WALL_SECONDS * city.speed)


def seconds_to_answer(orders: Collection[uuid.UUID]) -> tuple[dict[uuid.UUID, float], float]:
    """Wall seconds left to answer each of these paid orders, never below zero; and of how many in all."""
    if not orders:
        return {}, 0.0
    city, now = the_city(), city_now()
    patience = patience_seconds(city)
    paid = OrderHistory.objects.filter(order__in=orders, type="order.paid").values_list("order", "at")
    left = {order: max(0.0, (patience - (now - at).total_seconds()) / city.speed) for order, at in paid}
    return left, patience / city.speed


def reject_unconfirmed(limit: int = 50) -> int:
    """Reject paid orders that their restaurant left unanswered for `City.confirm_minutes`; how many were rejected.

    Times are compared in SQL, by the city's clock. Each order has its own transaction, so that one that is being
    answered at this moment holds up no other.
    """
    patience = patience_seconds(the_city())
    late = (
        Order.objects.filter(status=Status.PAID, history__type="order.paid")
        .filter(history__at__lte=CityAfter(Value(-patience)))
        .order_by("placed_at")
        .values_list("id", flat=True)[:limit]
    )
    rejected = 0
    for order_id in late:
        try:
            _give_up_waiting(order_id)
        except IllegalTransition:
            continue  # answered, or called off, since it was found
        rejected += 1
    return rejected


@transaction.atomic
def _give_up_waiting(order_id: uuid.UUID) -> None:
    order = lifecycle.reject(order_id, by=SYSTEM, reason="the restaurant did not answer in time")
    kitchen.note_unanswered(order.restaurant_id)
