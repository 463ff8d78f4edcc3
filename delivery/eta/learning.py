"""The group `preparation`: how long each restaurant takes to answer and to cook, counted from the orders' events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import OrderAccepted, OrderEvent, OrderPaid, OrderReady
from orders.models import FINAL

from .models import BUCKET, Kind

#: Buckets beyond these (an hour early, five hours) are counted as these.
FIRST, LAST = -120, 600

COUNT = """
    INSERT INTO delivery_preparationcount (generation, restaurant_id, kind, hour, bucket, orders)
    SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::smallint[], %s::bigint[])
    ON CONFLICT (generation, restaurant_id, kind, hour, bucket)
    DO UPDATE SET orders = delivery_preparationcount.orders + EXCLUDED.orders
"""
KEEP = """
    INSERT INTO delivery_preparationopen (generation, order_id, paid_at, accepted_at, ready_by)
    SELECT %s, * FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT (generation, order_id)
    DO UPDATE SET accepted_at = EXCLUDED.accepted_at, ready_by = EXCLUDED.ready_by
"""
OPEN = """
    SELECT order_id, paid_at, accepted_at, ready_by FROM delivery_preparationopen
    JOIN unnest(%s::uuid[]) AS touched (order_id) USING (order_id) WHERE generation = %s
"""
CLOSE = "DELETE FROM delivery_preparationopen WHERE generation = %s AND order_id = ANY(%s::uuid[])"


@dataclass(slots=True)
class Open:
    paid_at: datetime
    accepted_at: datetime | None = None
    ready_by: datetime | None = None


def learn(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler: one statement a table, rows sorted so that two members cannot deadlock."""
    moves = [(event, event.data) for event in events if isinstance(event.data, OrderEvent)]
    known = _open({data.order_id for _, data in moves}, generation)
    before = set(known)
    counts: Counter[tuple[int, str, int, int]] = Counter()

    def count(data: OrderEvent, kind: Kind, at: datetime, length: timedelta) -> None:
        bucket = int(length.total_seconds() // BUCKET)
        counts[data.restaurant_id, kind.value, at.astimezone(UTC).hour, min(LAST, max(FIRST, bucket))] += 1

    for event, data in moves:
        order = known.get(data.order_id)
        if isinstance(data, OrderPaid):
            known[data.order_id] = Open(paid_at=event.time)
        elif order is None:
            continue
        elif isinstance(data, OrderAccepted):
            order.accepted_at, order.ready_by = event.time, data.ready_by
            count(data, Kind.CONFIRM, event.time, event.time - order.paid_at)
        elif isinstance(data, OrderReady) and order.accepted_at and order.ready_by:
            count(data, Kind.COOK, order.accepted_at, event.time - order.accepted_at)
            count(data, Kind.LATE, order.accepted_at, event.time - order.ready_by)
            del known[data.order_id]
        elif data.status in FINAL:
            del known[data.order_id]
    _write(generation, counts, known, gone=before - set(known))


def _open(orders: set[str], generation: int) -> dict[str, Open]:
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [texts(sorted(orders)), generation])
        return {str(order): Open(*times) for order, *times in cursor.fetchall()}


def _write(
    generation: int, counts: Counter[tuple[int, str, int, int]], known: dict[str, Open], *, gone: set[str]
) -> None:
    with connection.cursor() as cursor:
        if counts:
            restaurants, kinds, hours, buckets, orders = zip(
                *((*key, number) for key, number in sorted(counts.items())), strict=True
            )
            lengths = plain(hours), plain(buckets), plain(orders)
            cursor.execute(COUNT, [generation, plain(restaurants), texts(kinds), *lengths])
        if known:
            keys = sorted(known)
            held = [known[order] for order in keys]
            times = [plain([getattr(one, name) for one in held]) for name in ("paid_at", "accepted_at", "ready_by")]
            cursor.execute(KEEP, [generation, texts(keys), *times])
        if gone:
            cursor.execute(CLOSE, [generation, texts(sorted(gone))])
