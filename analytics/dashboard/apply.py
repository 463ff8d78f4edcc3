"""From events to the dashboard's tables: one statement a table, rows sorted so that two members cannot deadlock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from analytics.metrics.apply import milliseconds
from delivery.events import CourierAssigned, CourierOffline, CourierOnline, CourierReleased, OfferMade
from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import (
    OrderAccepted,
    OrderDelivered,
    OrderEvent,
    OrderPaymentFailed,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
)

ENDS = frozenset({"delivered", "payment_failed", "rejected", "cancelled", "undeliverable"})
#: Stored where a courier gave an order back: NULL means that the batch says nothing of a courier.
NOBODY = 0

#: What a later batch leaves as it is unless it says something.
KEPT = (
    "total",
    "placed_at",
    "accepted_at",
    "ready_by",
    "ready_at",
    "picked_up_at",
    "ended_at",
    "courier_id",
    "assigned_at",
    "click_to_door_ms",
    "ready_to_pickup_ms",
)
#: The same of a text, whose absence is empty.
KEPT_TEXTS = ("restaurant", "ended_by", "reason")
LIVES = f"""
    INSERT INTO analytics_orderlife AS old (generation, order_id, restaurant_id, zone, status, sequence, offers,
        {", ".join((*KEPT_TEXTS, *KEPT))})
    SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::int[],
        %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::timestamptz[], %s::bigint[],
        %s::bigint[])
    ON CONFLICT (generation, order_id) DO UPDATE SET status = EXCLUDED.status, sequence = EXCLUDED.sequence,
        offers = old.offers + EXCLUDED.offers,
        {", ".join(f"{name} = coalesce(nullif(EXCLUDED.{name}, ''), old.{name})" for name in KEPT_TEXTS)},
        {", ".join(f"{name} = coalesce(EXCLUDED.{name}, old.{name})" for name in KEPT)}
"""
OPEN = (
    "SELECT courier_id, sequence, zone, began_at FROM analytics_couriershift"
    " WHERE generation = %s AND courier_id = ANY(%s::bigint[]) AND ended_at IS NULL"
)
SHIFTS = """
    INSERT INTO analytics_couriershift (generation, courier_id, sequence, zone, began_at, ended_at)
    SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT (generation, courier_id, sequence) DO UPDATE SET ended_at = EXCLUDED.ended_at
"""


@dataclass(slots=True)
class Life:
    """What a batch says about one order; None or "" where it says nothing."""

    restaurant_id: int
    zone: str
    status: str = ""
    sequence: int = 0
    offers: int = 0
    restaurant: str = ""
    ended_by: str = ""
    reason: str = ""
    total: int | None = None
    placed_at: datetime | None = None
    accepted_at: datetime | None = None
    ready_by: datetime | None = None
    ready_at: datetime | None = None
    picked_up_at: datetime | None = None
    ended_at: datetime | None = None
    courier_id: int | None = None
    assigned_at: datetime | None = None
    click_to_door_ms: int | None = None
    ready_to_pickup_ms: int | None = None


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add the effect of events that are each fresh and next in their order or courier."""
    lives: dict[str, Life] = {}
    shifts: list[Envelope] = []
    for envelope in events:
        event = envelope.data
        if isinstance(event, OrderEvent):
            life = lives.get(event.order_id)
            if life is None:
                life = lives[event.order_id] = Life(event.restaurant_id, event.zone[:60])
            life.status, life.sequence = event.status, envelope.sequence or 0
            _tell(life, event, envelope.time, ends=envelope.type.startswith("order.") and event.status in ENDS)
        elif isinstance(event, CourierOnline | CourierOffline):
            shifts.append(envelope)
    if lives:
        _write_lives(lives, generation)
    if shifts:
        _write_shifts(shifts, generation)


def _tell(life: Life, event: OrderEvent, at: datetime, *, ends: bool) -> None:
    match event:
        case OrderPlaced():
            life.placed_at, life.total, life.restaurant = at, event.total, event.restaurant[:200]
        case OrderAccepted():
            life.accepted_at, life.ready_by = at, event.ready_by
        case OrderReady():
            life.ready_at = at
        case OrderPickedUp():
            life.picked_up_at = at
        case OfferMade():
            life.offers += 1
        case CourierAssigned():
            life.courier_id, life.assigned_at = event.courier_id, at
        case CourierReleased():
            life.courier_id = NOBODY
    if not ends:
        return
    life.ended_at, life.ended_by = at, event.by[:20]
    if isinstance(event, OrderDelivered):
        life.click_to_door_ms = milliseconds(event.click_to_door_seconds)
        life.ready_to_pickup_ms = milliseconds(event.ready_to_pickup_seconds)
    else:
        reason = event.code if isinstance(event, OrderPaymentFailed) else event.reason
        life.reason = (reason.replace("\x00", "") or "no reason given")[:80]


def _write_lives(lives: dict[str, Life], generation: int) -> None:
    keys = sorted(lives)
    rows = [lives[key] for key in keys]
    columns = [
        texts(keys),
        plain([row.restaurant_id for row in rows]),
        texts([row.zone for row in rows]),
        texts([row.status for row in rows]),
        plain([row.sequence for row in rows]),
        plain([row.offers for row in rows]),
        *(texts([getattr(row, name) for row in rows]) for name in KEPT_TEXTS),
        *(plain([getattr(row, name) for row in rows]) for name in KEPT),
    ]
    with connection.cursor() as cursor:
        cursor.execute(LIVES, [generation, *columns])


def _write_shifts(events: Sequence[Envelope], generation: int) -> None:
    """A shift ends with the next `courier.offline`; going online twice is one shift."""
    with connection.cursor() as cursor:
        couriers = sorted({event.data.courier_id for event in events if hasattr(event.data, "courier_id")})
        cursor.execute(OPEN, [generation, plain(couriers)])
        running = {courier: (sequence, zone, began) for courier, sequence, zone, began in cursor.fetchall()}
        rows: dict[tuple[int, int], tuple[str, datetime, datetime | None]] = {}
        for envelope in events:
            event = envelope.data
            if isinstance(event, CourierOnline) and event.courier_id not in running:
                begun = running[event.courier_id] = (envelope.sequence or 0, event.zone[:60], envelope.time)
                rows[event.courier_id, begun[0]] = (begun[1], begun[2], None)
            elif isinstance(event, CourierOffline) and event.courier_id in running:
                sequence, zone, began = running.pop(event.courier_id)
                rows[event.courier_id, sequence] = (zone, began, envelope.time)
        if rows:
            # Ended ones first: a courier has one open shift at most.
            keys = sorted(rows, key=lambda key: (rows[key][2] is None, key))
            zones, begun_at, ended_at = zip(*(rows[key] for key in keys), strict=True)
            numbers = [plain(column) for column in zip(*keys, strict=True)]
            cursor.execute(SHIFTS, [generation, *numbers, texts(zones), plain(begun_at), plain(ended_at)])
