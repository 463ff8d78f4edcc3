"""Open orders that come later than their customers were told when they ordered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery

from orders.models import Order

from .models import Promise


@dataclass(frozen=True, slots=True)
class Overdue:
    """`told` is the latest time of the order's first promise, `expected` that of its newest; city times."""

    order_id: uuid.UUID
    restaurant: str
    zone: str
    status: str
    placed_at: datetime
    told: datetime
    expected: datetime


def overdue(now: datetime, *, zone: str = "", restaurant: int = 0) -> list[Overdue]:
    """Those past the time they were told, and those expected after it; the earliest told first."""
    promises = Promise.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.unfinished().annotate(
        told=Subquery(promises.order_by("sequence").values("latest_by")[:1]),
        expected=Subquery(promises.order_by("-sequence").values("estimated")[:1]),
    )
    if zone:
        orders = orders.filter(zone=zone)
    if restaurant:
        orders = orders.filter(restaurant=restaurant)
    late = orders.filter(Q(told__lt=now) | Q(expected__gt=F("told"))).order_by("told", "pk")
    columns = ("pk", "restaurant__name", "zone", "status", "placed_at", "told", "expected")
    return [Overdue(*row) for row in late.values_list(*columns)]
