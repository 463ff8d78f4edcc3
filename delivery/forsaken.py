"""Orders that should have a courier by now and have none: told of, whether or not anybody refused them."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce

from messaging.alerting.watching import tell
from orders.city import CityAfter, the_city
from orders.models import Order

from .offers import UNDISPATCHED
from .selectors import waiting

#: City time after an order is ready (or should be) in which it may still be without a courier …
LATE = timedelta(minutes=10)
#: … and, however fast the city's clock runs, wall seconds.
LEAST_WAIT_SECONDS = 60.0
#: Told of in one look.
BATCH = 100


def watch_undispatched() -> int:
    """Open an incident of each waiting order that is late; who takes it, or ends it, closes it."""
    city = the_city()
    patience = max(LATE.total_seconds(), LEAST_WAIT_SECONDS * city.speed)
    late = (
        waiting()
        .exclude(hold=Order.Hold.HELD)
        .annotate(due=Coalesce(F("ready_at"), F("ready_by")))
        .filter(due__lt=CityAfter(-patience))
        .order_by("due")[:BATCH]
    )
    minutes = round(patience / 60)
    return tell(
        UNDISPATCHED,
        {
            str(order.pk): f"order {order.number} in {order.zone}: no courier, {minutes} min after it was due"
            for order in late
        },
    )
