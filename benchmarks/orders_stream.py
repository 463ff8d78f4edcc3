"""Order events for readers to read: whole lives of orders, written to a topic as fast as the relay writes them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

#: Events of one order, its whole life.
PER_ORDER = 6
#: Orders that are open at the same time: their events are interleaved.
OPEN = 500
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def life(number: int) -> list[Any]:
    """The events of one order; about 240 bytes each, the first one more."""
    from orders import events

    common: dict[str, Any] = {
        "order_id": str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)),
        "restaurant_id": number % 40 + 1,
        "customer_id": number % 5000 + 1,
        "zone": "centre",
    }
    lines = [
        events.Line(item_id=number % 7 + place, name=f"Dish {number % 7 + place}", quantity=1, unit_price=900)
        for place in range(2)
    ]
    return [
        events.OrderPlaced(
            **common,
            status="placed",
            by="customer",
            restaurant="Soup Kitchen",
            lines=lines,
            subtotal=1800,
            delivery_fee=290,
            total=2090,
            currency="EUR",
        ),
        events.OrderPaid(**common, status="paid", by="system", payment_id=common["order_id"], amount=2090),
        events.OrderAccepted(**common, status="accepted", by="restaurant", ready_by=NOON),
        events.OrderReady(**common, status="ready", by="restaurant"),
        events.OrderPickedUp(**common, status="picked_up", by="courier", courier_id=number % 300),
        events.OrderDelivered(
            **common,
            status="delivered",
            by="courier",
            courier_id=number % 300,
            click_to_door_seconds=1800.25 + number % 600,
            ready_to_pickup_seconds=120.5,
        ),
    ]


def rows(events: int, *, after: int = 0) -> Iterator[Any]:
    """Outbox rows that were never in an outbox, of orders numbered from `after`; ten orders a second of city time."""
    from messaging.envelope import encode_data, rfc3339
    from messaging.relay.sending import Row

    seed = uuid.uuid4().int
    made = 0
    end = after + events // PER_ORDER
    for first in range(after, max(after + 1, end), OPEN):
        numbers = range(first, min(first + OPEN, end))
        lives = [life(number) for number in numbers]
        for place in range(PER_ORDER):
            for number, of_order in zip(numbers, lives, strict=True):
                event = of_order[place]
                at = rfc3339(NOON + timedelta(seconds=number / 10 + place * 300))
                made += 1
                yield Row(
                    made, 0, "orders.events", event.type, event.order_id, place + 1,
                    str(uuid.UUID(int=(seed + made) % 2**128)), at, encode_data(event), "", 0, at, 0,
                )  # fmt: skip


def fill(events: int, *, after: int = 0) -> int:
    """Write them; returns how many, a whole number of orders. Takes about 30 µs each."""
    from messaging.relay.kafka import EventSender

    sender, batch, done = EventSender(), [], 0
    for row in rows(events, after=after):
        batch.append(row)
        if len(batch) == 4000:
            done += send(sender, batch)
            batch = []
    done += send(sender, batch)
    sender.discard()
    return done


def send(sender: Any, batch: list[Any]) -> int:
    deadline = time.monotonic() + 60
    while not all(answer.ok for answer in sender.send(batch)):
        if time.monotonic() > deadline:
            raise RuntimeError("the broker takes no events")
    return len(batch)
