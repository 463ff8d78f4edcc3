"""What the dashboard says of a few orders, to the last figure; and that it is what their events say."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.dashboard import selectors
from analytics.dashboard.selectors import CITY, Attention, Ending, Pace, Rule, Scope, Use
from analytics.models import CourierShift, OrderLife
from delivery.events import CourierAssigned, CourierOffline, CourierOnline, CourierReleased, OfferMade
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.envelope import Event
from orders.events import OrderAccepted, OrderCancelled, OrderDelivered, OrderPaid, OrderPlaced, OrderReady
from tests.messaging.streams import NOON, Record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

MINUTE, WEEK = timedelta(minutes=1), timedelta(days=7)


class Told:
    """Order events in the making: each call is the next fact of its order."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._sequences: dict[str, int] = {}

    def fact(self, order: int, kind: type[Event], at: float, status: str, **fields: Any) -> None:
        key = str(uuid.UUID(int=order))
        self._sequences[key] = self._sequences.get(key, 0) + 1
        common = {"order_id": key, "restaurant_id": 7, "customer_id": 2, "zone": "centre", "by": "system"}
        event = kind(**{**common, "status": status, **fields})
        self.records.append(Record(key, self._sequences[key], event, time=NOON + at * MINUTE))

    def placed(self, order: int, at: float, *, total: int = 2000, **fields: Any) -> None:
        fields = {"restaurant": "Trattoria", "lines": [], "subtotal": total, "delivery_fee": 0, **fields}
        self.fact(order, OrderPlaced, at, "placed", total=total, currency="EUR", **fields)

    def delivered(self, order: int, at: float, *, minutes: float, pickup: float = 90, **fields: Any) -> None:
        seconds = {"click_to_door_seconds": minutes * 60, "ready_to_pickup_seconds": pickup}
        self.fact(order, OrderDelivered, at, "delivered", **seconds, **fields)

    def shift(self, courier: int, sequence: int, kind: type[Event], at: float, zone: str = "centre") -> None:
        event = kind(courier_id=courier, zone=zone)
        self.records.append(Record(str(courier), sequence, event, time=NOON + at * MINUTE))


def read(
    records: Sequence[Record], *, topic: str = "orders.events", start: int = 0, generation: int | None = None
) -> None:
    found = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        found.append(Read(topic=topic, partition=0, offset=offset, headers=headers, value=value))
    batch = Batch(topic, 0, start=start, next=start + len(found), records=found)
    apply_batch(get_group("dashboard"), batch, generation=generation)


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def test_an_order_keeps_every_moment_of_its_life_whichever_batch_brings_it() -> None:
    told = Told()
    told.placed(1, 0)
    told.fact(1, OrderPaid, 1, "paid", payment_id="p", amount=2000)
    told.fact(1, OrderAccepted, 2, "accepted", ready_by=at(12))
    told.fact(1, OfferMade, 3, "accepted", offer_id="o", deadline=at(4), attempt=1, courier_id=4)
    told.fact(1, CourierAssigned, 4, "accepted", offer_id="o", courier_id=4)
    told.fact(1, CourierReleased, 5, "accepted", courier_id=4)
    told.fact(1, OfferMade, 6, "accepted", offer_id="q", deadline=at(7), attempt=2, courier_id=5)
    told.fact(1, CourierAssigned, 6.5, "accepted", offer_id="q", courier_id=5)
    told.fact(1, OrderReady, 12, "ready")
    told.delivered(1, 30, minutes=30.5)
    for start in range(0, len(told.records), 3):
        read(told.records[start : start + 3], start=start)

    life = OrderLife.objects.get()
    assert (life.status, life.sequence, life.restaurant, life.zone, life.total) == (
        "delivered",
        10,
        "Trattoria",
        "centre",
        2000,
    )
    assert (life.placed_at, life.accepted_at, life.ready_by, life.ready_at) == (at(0), at(2), at(12), at(12))
    assert (life.courier_id, life.assigned_at, life.offers) == (5, at(6.5), 2)
    assert (life.ended_at, life.ended_by, life.reason) == (at(30), "system", "")
    assert (life.click_to_door_ms, life.ready_to_pickup_ms) == (1_830_000, 90_000)

    # The same facts in one batch, as a replay reads them, make the same row.
    read(told.records, generation=2)
    again = OrderLife.objects.get(generation=2)
    fields = [field.attname for field in OrderLife._meta.concrete_fields if field.attname not in ("id", "generation")]
    assert [getattr(life, name) for name in fields] == [getattr(again, name) for name in fields]


def test_a_given_back_order_has_nobody() -> None:
    told = Told()
    told.placed(1, 0)
    told.fact(1, CourierAssigned, 4, "ready", offer_id="o", courier_id=4)
    read(told.records)
    told.fact(1, CourierReleased, 5, "ready", courier_id=4)
    read(told.records[2:], start=2)
    assert OrderLife.objects.get().courier_id == 0
    assert selectors.couriers() == Use(online=0, busy=0)


def test_percentiles_are_those_of_the_deliveries_of_the_time_alone() -> None:
    told = Told()
    for order, minutes in enumerate((10, 20, 30, 40, 50), 1):
        told.placed(order, 0)
        told.delivered(order, minutes, minutes=minutes, pickup=minutes * 6)
    told.placed(9, -200)
    told.delivered(9, -100, minutes=100)
    read(told.records)

    found = selectors.durations(at(-9), at(51))
    assert (found.deliveries, found.click_to_door, found.click_to_door_p90) == (5, 1800.0, 2760.0)
    assert (found.ready_to_pickup, found.ready_to_pickup_p90) == (180.0, 276.0)
    assert selectors.durations(at(0), at(50)).deliveries == 4
    steps = selectors.durations_by_step(at(51))
    assert [(step.at, step.deliveries, step.click_to_door) for step in steps] == [
        (at(n), 1, seconds) for n, seconds in ((6, 600), (16, 1200), (26, 1800), (36, 2400), (46, 3000))
    ]
    assert selectors.durations(at(100), at(200)).click_to_door is None


def test_last_week_stands_beside_this_one() -> None:
    told = Told()
    week = WEEK / MINUTE
    for order, minute in enumerate((-week - 3.5, -week - 3, -week + 1, -4, -3.5, -0.5, -30), 1):
        told.placed(order, minute, total=1000)
    told.delivered(6, 0.5, minutes=1)
    read(told.records)

    # Five minutes of each: three orders now; a week ago two, the one after the moment not among them.
    assert selectors.pace(at(0)) == Pace(now=3 / 5, last_week=2 / 5)
    assert selectors.pace(at(-week)).last_week is None
    minutes = selectors.minutes(at(0.7))
    assert len(minutes) == 60 and minutes[-1].at == at(0)
    busy = {
        (one.at - NOON) / MINUTE: (one.placed, one.placed_before) for one in minutes if one.placed or one.placed_before
    }
    assert busy == {-30: (1, 0), -4: (2, 1), -3: (0, 1), -1: (1, 0)}
    assert (minutes[-1].delivered, minutes[-1].revenue) == (1, 1000)


def test_undispatched_orders_come_first_then_those_open_for_too_long() -> None:
    told = Told()
    told.placed(1, -50)
    told.placed(2, -61)
    told.placed(3, -20)
    told.fact(3, OrderAccepted, -18, "accepted", ready_by=at(1))
    told.placed(4, -20)
    told.fact(4, OrderAccepted, -18, "accepted", ready_by=at(30))
    told.placed(5, -9)
    told.placed(6, -5)
    told.placed(7, -70)
    told.delivered(7, -1, minutes=69)
    for order in (1, 2):
        told.fact(order, CourierAssigned, -10, "picked_up", offer_id="o", courier_id=order)
    read(told.records)

    count, orders = selectors.attention(at(0))
    assert [(one.order_id.int, one.why) for one in orders] == [
        (3, "no courier yet"),
        (2, "open for very long"),
        (5, "without an answer"),
    ]
    assert count == 3
    assert orders[0] == Attention(uuid.UUID(int=3), "Trattoria", "centre", "accepted", "no courier yet", 1200.0, 0)
    assert selectors.attention(at(0), limit=1)[0] == 3
    stricter = Rule(promise=4, unanswered=100)
    assert [one.order_id.int for one in selectors.attention(at(0), rule=stricter)[1]] == [3, 2, 1, 4, 5, 6]
    assert selectors.attention(at(0), Scope(zone="harbour")) == (0, [])


def test_states_endings_and_places_count_the_last_hour() -> None:
    told = Told()
    told.placed(1, -10, total=1500)
    told.delivered(1, -1, minutes=9)
    told.placed(2, -10)
    told.fact(2, OrderCancelled, -5, "cancelled", by="customer", reason="hungry")
    told.placed(3, -10, zone="harbour", restaurant_id=8, restaurant="Pier")
    told.placed(4, -300)
    told.delivered(4, -200, minutes=100)
    read(told.records)

    assert selectors.states(at(0)) == {"placed": 1, "delivered": 1, "cancelled": 1}
    assert selectors.states(at(0), Scope(zone="harbour")) == {"placed": 1}
    assert selectors.endings(at(0)) == [Ending("cancelled", "hungry", 1)]
    assert [
        (one.zone, one.open, one.placed, one.delivered, one.ended_early, one.revenue, one.click_to_door)
        for one in selectors.zones_lately(at(0))
    ] == [("centre", 0, 2, 1, 1, 1500, 540.0), ("harbour", 1, 1, 0, 0, 0, None)]
    assert [(one.restaurant_id, one.name) for one in selectors.restaurants_lately(at(0))] == [
        (7, "Trattoria"),
        (8, "Pier"),
    ]
    assert [one.order_id.int for one in selectors.latest(limit=2)] == [1, 2]


def test_courier_use_is_of_those_on_shift() -> None:
    told = Told()
    told.shift(4, 1, CourierOnline, -50)
    told.shift(4, 2, CourierOffline, -20)
    told.shift(4, 3, CourierOnline, -10)
    told.shift(4, 4, CourierOnline, -9)
    told.shift(5, 1, CourierOnline, -30, zone="harbour")
    told.shift(6, 1, CourierOnline, -30)
    told.shift(6, 2, CourierOffline, -3)
    read(told.records[:3], topic="couriers.events")
    read(told.records[3:], topic="couriers.events", start=3)
    orders = Told()
    orders.placed(1, -15)
    orders.fact(1, CourierAssigned, -8, "accepted", offer_id="o", courier_id=4)
    orders.placed(2, -15)
    orders.fact(2, CourierAssigned, -8, "accepted", offer_id="o", courier_id=4)
    read(orders.records)

    shifts = CourierShift.objects.order_by("courier_id", "began_at")
    assert [(one.courier_id, one.began_at, one.ended_at) for one in shifts] == [
        (4, at(-50), at(-20)),
        (4, at(-10), None),
        (5, at(-30), None),
        (6, at(-30), at(-3)),
    ]
    assert selectors.couriers() == Use(online=2, busy=1)
    assert selectors.couriers().share == 0.5
    assert selectors.couriers(Scope(zone="harbour")) == Use(online=1, busy=0)
    load = {(one.at - NOON) / MINUTE: (one.online, one.carried) for one in selectors.load(at(0.5))}
    assert (load[-55], load[-50], load[-25], load[-15], load[-5], load[0]) == (
        (0, 0),
        (1, 0),
        (3, 0),
        (2, 0),
        (3, 2),
        (2, 2),
    )


def test_an_empty_city_has_figures_too() -> None:
    assert selectors.states(NOON) == {} and selectors.pace(NOON) == Pace(0, None)
    assert selectors.attention(NOON) == (0, []) and selectors.endings(NOON) == []
    assert selectors.couriers(CITY).share is None
    assert [one.placed for one in selectors.minutes(NOON)] == [0] * 60
