"""The group `monitoring`: ticks into buckets, and those that stand out into anomalies.

What stands out depends on the buckets alone, and is worked out again for those that a late tick touches: repeated or
shuffled ticks, and a replay, give the same anomalies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.consuming.slots import SLOTS, Sample, count
from messaging.envelope import Envelope
from orders.pricing.ticks import samples

from .models import MarketBucket
from .robust import BUCKET, ROW, WINDOW, Found, Seen, find

GROUP = "monitoring"
#: Buckets kept (an hour), and for how many an anomaly is (a day), by the zone's own time.
KEPT, REMEMBERED = int(3600 / BUCKET), int(24 * 3600 / BUCKET)
#: Buckets that are counted in one turn at most: a replay may be given hours at once, and what is forgotten as soon as
#: it was counted would be judged by nobody.
TURN = KEPT // 2

FORGET = """
    DELETE FROM analytics_anomaly AS old USING unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS zones (zone, since, until, oldest)
    WHERE old.generation = %s AND old.zone = zones.zone
        AND (old.bucket BETWEEN zones.since AND zones.until OR old.bucket < zones.oldest)
"""
#: Deleted and written again with each batch for the bucket under way, so mostly none or one row a zone.
STORE = """
    INSERT INTO analytics_anomaly (generation, zone, kind, bucket, value, usual)
    SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::float8[], %s::float8[])
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler."""
    for some in _turns(samples(events)):
        touched = count(MarketBucket, ("demand", "supply"), some, generation=generation, keep=KEPT)
        _tell(touched, generation)


def _turns(ticks: Iterable[Sample]) -> Iterator[list[Sample]]:
    """The ticks as they came, cut where they would span more than a turn."""
    some: list[Sample] = []
    first = last = 0
    for tick in ticks:
        bucket = tick[1] // SLOTS
        if some and max(last, bucket) - min(first, bucket) >= TURN:
            yield some
            some = []
        first, last = (min(first, bucket), max(last, bucket)) if some else (bucket, bucket)
        some.append(tick)
    if some:
        yield some


def _tell(touched: Mapping[str, tuple[int, int]], generation: int) -> None:
    zones = sorted(touched)
    series = _series(touched, generation)
    # A bucket is judged by those in the window before it: what changed in one may tell on all in the window behind.
    found = [
        (zone, one)
        for zone in zones
        for one in find(series[zone], since=touched[zone][0])
        if one.bucket <= touched[zone][1] + WINDOW
    ]
    newest = {zone: series[zone][-1].bucket for zone in zones}
    with connection.cursor() as cursor:
        cursor.execute(
            FORGET,
            [
                texts(zones),
                plain([touched[zone][0] for zone in zones]),
                plain([touched[zone][1] + WINDOW for zone in zones]),
                plain([newest[zone] - REMEMBERED for zone in zones]),
                generation,
            ],
        )
        if found:
            cursor.execute(STORE, [generation, *_columns(found)])


def _series(touched: Mapping[str, tuple[int, int]], generation: int) -> dict[str, list[Seen]]:
    """The buckets that judge, and those that are judged."""
    series: dict[str, list[Seen]] = {zone: [] for zone in touched}
    oldest = min(first for first, _ in touched.values()) - WINDOW - ROW
    rows = MarketBucket.objects.filter(generation=generation, key__in=list(touched), bucket__gte=oldest)
    for row in rows.order_by("key", "bucket"):
        if row.bucket >= touched[row.key][0] - WINDOW - ROW:
            series[row.key].append(Seen(row.bucket, row.demand / row.ticks, row.supply / row.ticks))
    return series


def _columns(found: Sequence[tuple[str, Found]]) -> list[Any]:
    return [
        texts([zone for zone, _ in found]),
        texts([one.kind for _, one in found]),
        plain([one.bucket for _, one in found]),
        [one.value for _, one in found],
        [one.usual for _, one in found],
    ]
