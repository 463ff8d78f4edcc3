"""From order events to the metrics tables: one statement a table, rows sorted so that two members cannot deadlock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection

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


@dataclass(slots=True)
class Fact:
    """What a batch says about one order; None where it says nothing."""

    event: OrderEvent
    sequence: int
    at: datetime
    total: int | None = None
    placed_at: datetime | None = None
    click_to_door_ms: int | None = None


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add the effect of events that are each fresh and next in their order."""
    facts: dict[str, Fact] = {}
    counts: Counter[tuple[datetime, int, str]] = Counter()
    deliveries: defaultdict[tuple[datetime, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for envelope in events:
        event = envelope.data
        if not isinstance(event, OrderEvent):
            continue
        _note(facts, envelope, event)
        minute = envelope.time.replace(second=0, microsecond=0)
        if envelope.type.startswith("order."):
            counts[minute, event.restaurant_id, event.status] += 1
        if isinstance(event, OrderDelivered):
            sums = deliveries[minute, event.restaurant_id]
            sums[0] += 1
            sums[1] += milliseconds(event.click_to_door_seconds)
            sums[2] += milliseconds(event.ready_to_pickup_seconds)
    with connection.cursor() as cursor:
        if facts:
            cursor.execute(FACTS, [generation, *_columns([_row(key, fact) for key, fact in sorted(facts.items())])])
        if counts:
            cursor.execute(COUNTS, [generation, *_columns([(*key, n) for key, n in sorted(counts.items())])])
        if deliveries:
            cursor.execute(DELIVERIES, [generation, *_columns([(*k, *sums) for k, sums in sorted(deliveries.items())])])


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, halves up, of the number as JSON spells it: what PostgreSQL's `round` makes of the same."""
    return int(Decimal(repr(seconds)).scaleb(3).quantize(Decimal(1), ROUND_HALF_UP))


def _note(facts: dict[str, Fact], envelope: Envelope, event: OrderEvent) -> None:
    known = facts.get(event.order_id)
    fact = Fact(event=event, sequence=envelope.sequence or 0, at=envelope.time)
    if known:
        fact.total, fact.placed_at, fact.click_to_door_ms = known.total, known.placed_at, known.click_to_door_ms
    if isinstance(event, OrderPlaced):
        fact.total, fact.placed_at = event.total, envelope.time
    if isinstance(event, OrderDelivered):
        fact.click_to_door_ms = milliseconds(event.click_to_door_seconds)
    facts[event.order_id] = fact


def _row(order_id: str, fact: Fact) -> tuple[Any, ...]:
    event = fact.event
    return (
        order_id,
        event.restaurant_id,
        event.zone[:60],
        event.status,
        fact.sequence,
        fact.total,
        fact.placed_at,
        fact.at,
        fact.click_to_door_ms,
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
