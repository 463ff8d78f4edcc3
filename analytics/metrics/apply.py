"""From order events to the metrics tables: one statement a table, rows sorted so that two members cannot deadlock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import floor
from typing import Any, cast

from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import OrderDelivered, OrderEvent, OrderPlaced

FACTS = """
    INSERT INTO analytics_orderfact (generation, order_id, restaurant_id, zone, status, sequence, total,
        placed_at, changed_at, click_to_door_ms)
    SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
        %s::timestamptz[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (generation, order_id) DO UPDATE SET status = EXCLUDED.status,
        sequence = EXCLUDED.sequence, changed_at = EXCLUDED.changed_at,
        total = coalesce(EXCLUDED.total, analytics_orderfact.total),
        placed_at = coalesce(EXCLUDED.placed_at, analytics_orderfact.placed_at),
        click_to_door_ms = coalesce(EXCLUDED.click_to_door_ms, analytics_orderfact.click_to_door_ms)
"""
COUNTS = """
    INSERT INTO analytics_minutecount (generation, minute, restaurant_id, status, orders)
    SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::bigint[])
    ON CONFLICT (generation, minute, restaurant_id, status)
    DO UPDATE SET orders = analytics_minutecount.orders + EXCLUDED.orders
"""
DELIVERIES = """
    INSERT INTO analytics_minutedelivery (generation, minute, restaurant_id, deliveries, click_to_door_ms,
        ready_to_pickup_ms)
    SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (generation, minute, restaurant_id)
    DO UPDATE SET deliveries = analytics_minutedelivery.deliveries + EXCLUDED.deliveries,
        click_to_door_ms = analytics_minutedelivery.click_to_door_ms + EXCLUDED.click_to_door_ms,
        ready_to_pickup_ms = analytics_minutedelivery.ready_to_pickup_ms + EXCLUDED.ready_to_pickup_ms
"""

#: Orders by restaurant and status.
Counts = dict[tuple[int, str], int]
FIRST, MINUTE = datetime.min.replace(tzinfo=UTC), timedelta(minutes=1)


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add the effect of events that are each fresh and next in their order."""
    latest: dict[str, Envelope] = {}
    placed: dict[str, Envelope] = {}
    delivered: dict[str, int] = {}
    counts: defaultdict[datetime, Counts] = defaultdict(dict)
    deliveries: defaultdict[tuple[datetime, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    minute = end = FIRST
    here: Counts = {}
    for envelope in events:
        event = envelope.data
        if not isinstance(event, OrderEvent):
            continue
        latest[event.order_id] = envelope
        if not minute <= envelope.time < end:
            # Neighbours mostly share their minute, and to compare two times is far cheaper than to hash one.
            minute = envelope.time.replace(second=0, microsecond=0)
            end = minute + MINUTE
            here = counts[minute]
        if envelope.type.startswith("order."):
            key = event.restaurant_id, event.status
            here[key] = here.get(key, 0) + 1
        if isinstance(event, OrderPlaced):
            placed[event.order_id] = envelope
        elif isinstance(event, OrderDelivered):
            sums = deliveries[minute, event.restaurant_id]
            delivered[event.order_id] = click_to_door = milliseconds(event.click_to_door_seconds)
            sums[0] += 1
            sums[1] += click_to_door
            sums[2] += milliseconds(event.ready_to_pickup_seconds)
    entered = [(at, *key, n) for at, of_minute in sorted(counts.items()) for key, n in sorted(of_minute.items())]
    with connection.cursor() as cursor:
        if latest:
            cursor.execute(FACTS, [generation, *_facts(latest, placed, delivered)])
        if entered:
            minutes, restaurants, statuses, numbers = zip(*entered, strict=True)
            cursor.execute(COUNTS, [generation, plain(minutes), plain(restaurants), texts(statuses), plain(numbers)])
        if deliveries:
            rows = [(*key, *sums) for key, sums in sorted(deliveries.items())]
            cursor.execute(DELIVERIES, [generation, *map(plain, zip(*rows, strict=True))])


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, halves up, of the number as JSON spells it: what PostgreSQL's `round` makes of the same."""
    product = seconds * 1000
    whole = floor(product + 0.5)
    # Only near a half do the number and its spelling part, and only there is decimal arithmetic worth its time.
    if abs(product) < 1e9 and abs(product - whole) < 0.499:
        return whole
    return int(Decimal(repr(seconds)).scaleb(3).quantize(Decimal(1), ROUND_HALF_UP))


def _facts(latest: dict[str, Envelope], placed: dict[str, Envelope], delivered: dict[str, int]) -> list[str]:
    """Columns of what a batch says about each order; NULL where it says nothing."""
    keys = sorted(latest)
    envelopes = [latest[key] for key in keys]
    data: list[Any] = [envelope.data for envelope in envelopes]
    first = [placed.get(key) for key in keys]
    totals = [cast(OrderPlaced, envelope.data).total if envelope else None for envelope in first]
    return [
        texts(keys),
        plain([event.restaurant_id for event in data]),
        texts([event.zone[:60] for event in data]),
        texts([event.status for event in data]),
        plain([envelope.sequence or 0 for envelope in envelopes]),
        plain(totals),
        plain([envelope.time if envelope else None for envelope in first]),
        plain([envelope.time for envelope in envelopes]),
        plain([delivered.get(key) for key in keys]),
    ]
