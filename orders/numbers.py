"""A restaurant's own figures of its day, from its orders and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from .city import city_now
from .models import Account, Entry, Restaurant

ORDERS = """
    SELECT count(*),
           count(*) FILTER (WHERE accepted_at IS NOT NULL),
           count(*) FILTER (WHERE accepted_at IS NOT NULL OR status = 'rejected'),
           count(*) FILTER (WHERE status = 'delivered'),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ready_at - accepted_at))
    FROM orders_order
    WHERE restaurant_id = %s AND placed_at >= %s AND status NOT IN ('placed', 'payment_failed')
"""


@dataclass(frozen=True, slots=True)
class Today:
    """Since midnight of the city's clock. `preparation` is the median in city seconds, `revenue` in minor units.

    An order that its customer called off before an answer counts among the orders and not in the rate.
    """

    orders: int
    accepted: int
    answered: int
    delivered: int
    preparation: float | None
    revenue: int

    @property
    def acceptance(self) -> int | None:
        """Accepted of those that were answered or ran out of time, in percent; None before the first."""
        return round(100 * self.accepted / self.answered) if self.answered else None


def today_of(restaurant: Restaurant) -> Today:
    """The day so far: three queries."""
    midnight = _midnight(city_now())
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, [restaurant.pk, midnight])
        orders, accepted, answered, delivered, preparation = cursor.fetchone()
    owed = Entry.objects.filter(account=Account.RESTAURANTS, party=restaurant.pk, posting__at__gte=midnight)
    revenue = -(owed.aggregate(total=Sum("amount"))["total"] or 0)
    return Today(orders, accepted, answered, delivered, preparation, revenue)


def _midnight(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
