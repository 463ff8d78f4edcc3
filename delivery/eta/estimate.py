"""The plain sum of what lies ahead of an order: answering, cooking, the courier's earlier stops, the ride, the door.

Plain arithmetic on loaded rows, without a query. The sum knows nothing of chance: `promises.py` adds what past sums
have erred by at the same stage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from delivery.models import Assignment, Courier
from orders.city import distance_metres, travel_time
from orders.models import City, Order, Status

from .kitchens import Habits

Point = tuple[float, float]

#: Seconds that every sum may err, whatever else it holds.
LEAST_SCALE = 180.0


class Stage:
    """How far an order is, as far as its promise goes."""

    PLACED = "placed"
    PAID = "paid"
    COOKING = "cooking"
    EXPECTED = "expected"
    WAITING = "waiting"
    FETCHING = "fetching"
    COMING = "coming"
    AT_DOOR = "at_door"


#: In the order of an order's life, with what they are called.
STAGES: dict[str, str] = {
    Stage.PLACED: "placed",
    Stage.PAID: "paid",
    Stage.COOKING: "being cooked, no courier yet",
    Stage.EXPECTED: "being cooked, a courier comes for it",
    Stage.WAITING: "at the counter, no courier yet",
    Stage.FETCHING: "at the counter, a courier comes for it",
    Stage.COMING: "on its way",
    Stage.AT_DOOR: "at the door",
}


@dataclass(frozen=True, slots=True)
class Sum:
    """The time the sum gives, and the seconds it may err, compared with other sums of its stage."""

    base: datetime
    scale: float


def stage_of(order: Order, job: Assignment | None) -> str:
    """The stage of an open order; `job` is its active assignment, if it has one."""
    if order.status in (Status.PLACED, Status.PAID):
        return Stage.PLACED if order.status == Status.PLACED else Stage.PAID
    if order.status == Status.PICKED_UP:
        return Stage.AT_DOOR if job is not None and job.at_customer_at else Stage.COMING
    if order.status == Status.READY:
        return Stage.WAITING if job is None else Stage.FETCHING
    return Stage.COOKING if job is None else Stage.EXPECTED


def before_acceptance(counter: Point, door: Point, *, habits: Habits, city: City, now: datetime) -> Sum:
    """An order that its restaurant has yet to answer."""
    ahead = timedelta(seconds=habits.confirm + habits.cook)
    scale = math.hypot(habits.confirm_spread, habits.cook_spread, LEAST_SCALE)
    return Sum(now + ahead + _handed_over(counter, door, city), scale)


def without_courier(order: Order, *, habits: Habits, city: City, now: datetime) -> Sum:
    """An accepted order that nobody comes for yet."""
    ready, spread = expected_ready(order, habits=habits, now=now)
    return Sum(ready + _handed_over(counter_of(order), door_of(order), city), math.hypot(spread, LEAST_SCALE))


def with_courier(
    job: Assignment, jobs: Sequence[Assignment], *, courier: Courier, habits: Habits, city: City, now: datetime
) -> Sum:
    """An order that a courier brings; `jobs` are all active ones of theirs, offer by offer, by door within each."""
    _, spread = expected_ready(job.order, habits=habits, now=now)
    place: Point = (courier.latitude, courier.longitude)
    # They may have left when they were last seen.
    clock = min(now, courier.position_at or now)
    stops = 0
    for _, trip in groupby(jobs, key=lambda each: each.offer_id):
        together = list(trip)
        fetched = [each.order for each in together if each.order.status != Status.PICKED_UP]
        if fetched:
            counter = counter_of(fetched[0])
            arrival = clock + _ride(place, counter, city) + _half(city.pickup_minutes)
            ready = max(expected_ready(order, habits=habits, now=now)[0] for order in fetched)
            clock, place = max(arrival, ready) + _half(city.pickup_minutes), counter
        for each in together:
            handing = max(now, clock + _ride(place, door_of(each.order), city) + _half(city.dropoff_minutes))
            if each.pk == job.pk:
                return Sum(handing, math.hypot(spread, LEAST_SCALE) * math.sqrt(1 + stops))
            clock, place = handing + _half(city.dropoff_minutes), door_of(each.order)
            stops += 1
    raise ValueError(f"assignment {job.pk} is not among the courier's own")


def at_the_door(city: City, *, now: datetime) -> Sum:
    """The courier has arrived."""
    return Sum(now + _half(city.dropoff_minutes), LEAST_SCALE)


def expected_ready(order: Order, *, habits: Habits, now: datetime) -> tuple[datetime, float]:
    """When it is at the counter, never before now, and the seconds by which that may be later."""
    if order.ready_at is not None:
        return now, 0.0
    said = (order.ready_by or now) + timedelta(seconds=habits.late)
    return max(now, said), habits.late_spread


def counter_of(order: Order) -> Point:
    return order.restaurant.latitude, order.restaurant.longitude


def door_of(order: Order) -> Point:
    return order.address.latitude, order.address.longitude


def _handed_over(counter: Point, door: Point, city: City) -> timedelta:
    """From the counter to the door, with a courier at hand."""
    return timedelta(minutes=city.pickup_minutes) + _ride(counter, door, city) + _half(city.dropoff_minutes)


def _ride(a: Point, b: Point, city: City) -> timedelta:
    metres = distance_metres(a, b, origin_latitude=city.latitude)
    return travel_time(metres, metres_per_minute=city.metres_per_minute)


def _half(minutes: float) -> timedelta:
    return timedelta(minutes=minutes / 2)
