"""Orders that somebody forgot: a restaurant that does not answer must not keep a customer's money."""

from __future__ import annotations

from django.db.models import Value

from . import lifecycle
from .city import CityAfter, the_city
from .lifecycle import SYSTEM, IllegalTransition
from .models import Order, Status

#: However fast the city's clock runs, a restaurant has this long (wall seconds) to answer.
LEAST_WALL_SECONDS = 30.0


def reject_unconfirmed(limit: int = 50) -> int:
    """Reject paid orders that their restaurant left unanswered for `City.confirm_minutes`; how many were rejected.

    Times are compared in SQL, by the city's clock. Each order has its own transaction, so that one that is being
    answered at this moment holds up no other.
    """
    city = the_city()
    patience = max(city.confirm_minutes * 60, LEAST_WALL_SECONDS * city.speed)
    late = (
        Order.objects.filter(status=Status.PAID, history__type="order.paid")
        .filter(history__at__lte=CityAfter(Value(-patience)))
        .order_by("placed_at")
        .values_list("id", flat=True)[:limit]
    )
    rejected = 0
    for order_id in late:
        try:
            lifecycle.reject(order_id, by=SYSTEM, reason="the restaurant did not answer in time")
        except IllegalTransition:
            continue  # answered, or called off, since it was found
        rejected += 1
    return rejected
