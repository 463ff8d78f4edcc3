"""What the learnt distributions say of one restaurant now: by the hour, drawn towards its day, drawn towards the city.

A restaurant that nobody has ordered from yet counts as its own word (the usual minutes it names) and the city's habits.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from messaging.consuming.positions import live_number

from .models import BUCKET, Kind
from .quantiles import quantile, shrink

GROUP = "preparation"
#: Observations that the wider picture counts for: the city beside a restaurant, a restaurant's day beside its hour.
CITY, DAY = 8.0, 15.0
#: And the restaurant's own word on how long it cooks.
WORD = 6.0
#: Seconds (wall) for which what was read is good: one order more or less moves no quantile.
FRESH = 10.0

READ = """
    SELECT restaurant_id, kind, bucket, sum(orders)::float8,
        coalesce(sum(orders) FILTER (WHERE hour = %s), 0)::float8
    FROM delivery_preparationcount WHERE generation = %s GROUP BY 1, 2, 3
"""

Histogram = dict[int, float]
#: kind → restaurant → counts
Table = Mapping[str, Mapping[int, Histogram]]


@dataclass(frozen=True, slots=True)
class Habits:
    """City seconds: medians, and how far the ninth decile lies above them."""

    confirm: float
    cook: float
    late: float
    confirm_spread: float
    cook_spread: float
    late_spread: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that is known at an hour of the day."""

    city: Mapping[str, Histogram]
    day: Table
    hour: Table

    def habits(self, restaurant: int, *, usual_minutes: float) -> Habits:
        """What to expect of a restaurant; `usual_minutes` is its own word on its cooking."""
        word = {int(usual_minutes * 60 // BUCKET): WORD}
        expected = {
            Kind.CONFIRM: shrink({int(60 // BUCKET): 1.0}, self.city.get(Kind.CONFIRM, {}), strength=CITY),
            Kind.COOK: shrink(word, self.city.get(Kind.COOK, {}), strength=1.0),
            Kind.LATE: shrink({0: 1.0}, self.city.get(Kind.LATE, {}), strength=CITY),
        }
        found: dict[str, float] = {}
        for kind, towards in expected.items():
            day = shrink(self.day.get(kind, {}).get(restaurant, {}), towards, strength=CITY)
            hour = shrink(self.hour.get(kind, {}).get(restaurant, {}), day, strength=DAY)
            middle = quantile(hour, 0.5, width=BUCKET)
            found[kind.value] = middle
            found[f"{kind.value}_spread"] = quantile(hour, 0.9, width=BUCKET) - middle
        return Habits(**found)


_known: dict[int, tuple[float, Learnt]] = {}


def learnt(hour: int, *, fresh: float = FRESH) -> Learnt:
    """What is known at an hour of the day (UTC), read at most every `fresh` wall seconds a process."""
    at, known = _known.get(hour, (0.0, None))
    if known is not None and time.monotonic() - at < fresh:
        return known
    city: defaultdict[str, Histogram] = defaultdict(dict)
    day: defaultdict[str, defaultdict[int, Histogram]] = defaultdict(lambda: defaultdict(dict))
    by_hour: defaultdict[str, defaultdict[int, Histogram]] = defaultdict(lambda: defaultdict(dict))
    with connection.cursor() as cursor:
        cursor.execute(READ, [hour, live_number(GROUP)])
        for restaurant, kind, bucket, orders, now in cursor.fetchall():
            city[kind][bucket] = city[kind].get(bucket, 0.0) + orders
            day[kind][restaurant][bucket] = orders
            if now:
                by_hour[kind][restaurant][bucket] = now
    found = Learnt(city=city, day=day, hour=by_hour)
    _known[hour] = (time.monotonic(), found)
    return found
