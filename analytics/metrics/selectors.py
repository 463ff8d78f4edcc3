"""What pages read of the metrics: always the live generation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Avg, Count, Max

from messaging.consuming.positions import live_generation

from .models import MinuteCount, OrderFact

GROUP = "metrics"


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of city time: orders placed and delivered in it."""

    at: datetime
    placed: int
    delivered: int


@dataclass(frozen=True, slots=True)
class ClickToDoor:
    """City seconds from the click to the door, over all deliveries; None before the first."""

    deliveries: int
    mean: float | None
    median: float | None


def orders_by_status() -> dict[str, int]:
    """How many orders stand in each status now."""
    rows = OrderFact.objects.filter(generation=live_generation(GROUP)).values_list("status")
    return dict(rows.annotate(orders=Count("id")).order_by("status"))


def minutes(*, last: int = 60, until: datetime | None = None) -> list[Minute]:
    """The last minutes without holes, oldest first; `until` (city time) defaults to the latest minute with an order."""
    live = MinuteCount.objects.filter(generation=live_generation(GROUP))
    end = until or live.aggregate(end=Max("minute"))["end"]
    if end is None:
        return []
    end = end.replace(second=0, microsecond=0)
    first = end - timedelta(minutes=last - 1)
    found: dict[datetime, dict[str, int]] = {}
    rows = live.filter(minute__gte=first, minute__lte=end, status__in=["placed", "delivered"])
    for row in rows:
        of_minute = found.setdefault(row.minute, {})
        of_minute[row.status] = of_minute.get(row.status, 0) + row.orders
    return [
        Minute(at, found.get(at, {}).get("placed", 0), found.get(at, {}).get("delivered", 0))
        for at in (first + timedelta(minutes=n) for n in range(last))
    ]


def click_to_door() -> ClickToDoor:
    """Deliveries, mean and median of the way from click to door."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), avg(click_to_door_ms)::float8 / 1000,"
            " percentile_cont(0.5) WITHIN GROUP (ORDER BY click_to_door_ms) / 1000 FROM analytics_orderfact"
            " WHERE click_to_door_ms IS NOT NULL AND generation ="
            " (SELECT number FROM messaging_generation WHERE \"group\" = %s AND state = 'live')",
            [GROUP],
        )
        return ClickToDoor(*cursor.fetchone())


def click_to_door_seconds() -> float | None:
    """The mean alone."""
    rows = OrderFact.objects.filter(generation=live_generation(GROUP), click_to_door_ms__isnull=False)
    mean = rows.aggregate(mean=Avg("click_to_door_ms"))["mean"]
    return None if mean is None else mean / 1000
