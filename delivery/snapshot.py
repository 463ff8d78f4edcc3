"""What a round sees of its zone, read without a lock: waiting orders, and couriers with what they have promised."""

from __future__ import annotations

import math
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, Value

from orders.city import METRES_PER_DEGREE, CityAfter, city_now, distance_metres, the_city, travel_time
from orders.models import City as CityRow
from orders.models import Order, Restaurant, Status

from . import planning, selectors
from .models import HELD, AnnouncedShift, Assignment, Shift

Point = tuple[float, float]

#: Click-to-door that no customer should have to bear (Reyes et al. 2018).
MAXIMUM_MINUTES = 90.0
#: A shift without an announced end.
OPEN_END_MINUTES = 1e6
#: Who has announced a shift is planned with, when it begins so soon: no order that waits now is to wait for longer.
AHEAD_MINUTES = MAXIMUM_MINUTES
#: By so much later than asked for now is a courier free whose hands are full, however long that should be over.
A_MOMENT_MINUTES = 0.01


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A zone at one moment. `broken` names the orders that no policy could handle, each with the reason."""

    view: planning.View
    broken: dict[uuid.UUID, str]


class _Rider(NamedTuple):
    """A courier on shift: their last known place (degrees), and when they last delivered."""

    id: int
    capacity: int
    latitude: float
    longitude: float
    position_at: datetime | None
    until: datetime | None
    delivered_at: datetime | None


class _Job(NamedTuple):
    """An order in a courier's hands or offered to them: what is left to do for it. Places are in degrees."""

    offer: uuid.UUID
    answered_at: datetime | None
    status: str
    ready_at: datetime | None
    ready_by: datetime | None
    picked_up_at: datetime | None
    counter: Point
    door: Point


#: Columns, not objects: a round reads every courier of its zone and all that they hold, and there is one for each
#: order that is accepted.
_JOB = (
    "courier_id",
    "offer_id",
    "offer__answered_at",
    "order__status",
    "order__ready_at",
    "order__ready_by",
    "order__picked_up_at",
    "order__restaurant__latitude",
    "order__restaurant__longitude",
    "order__address__latitude",
    "order__address__longitude",
)


def take(zone: str, *, lead: float = 0.0, idle: bool = True) -> Snapshot:
    """Look at a zone as it will be `lead` city minutes from now, when those who are asked now have answered.

    Nothing is locked: what has changed by the time of an offer, the offer finds out. Minutes are those since 1970.
    Without `idle` couriers are left out where no order waits: there is nothing to plan for them.
    """
    city, now = the_city(), city_now()
    waiting = list(selectors.in_turn(zone=zone, city=city).select_related("restaurant", "address"))
    broken = {order.id: reason for order in waiting if (reason := _whats_wrong(order))}
    orders = [order for order in waiting if order.id not in broken]
    places = {str(order.restaurant_id): (order.restaurant.latitude, order.restaurant.longitude) for order in orders}
    for pk, *place in Restaurant.objects.filter(zone=zone).values_list("pk", "latitude", "longitude"):
        if _on_the_map(*place):
            places[str(pk)] = (place[0], place[1])
    view = planning.View(
        now=_minutes(now) + lead,
        city=planning.City(
            metres_per_minute=city.metres_per_minute,
            pickup_minutes=city.pickup_minutes,
            dropoff_minutes=city.dropoff_minutes,
            maximum_minutes=MAXIMUM_MINUTES,
            restaurants={name: _plane(place, city) for name, place in places.items()},
        ),
        orders=[planned(order, city) for order in orders],
        couriers=_couriers(zone, orders, city=city, now=_minutes(now), asked_for=_minutes(now) + lead)
        if orders or idle
        else [],
    )
    return Snapshot(view=view, broken=broken)


def _whats_wrong(order: Order) -> str:
    if order.ready_by is None:
        return "it is accepted, but nobody said when it will be ready"
    if not _on_the_map(order.restaurant.latitude, order.restaurant.longitude):
        return f"{order.restaurant} has no place on the map"
    return ""


def _on_the_map(latitude: float, longitude: float) -> bool:
    # PostgreSQL's floats can be NaN, and one NaN would spoil the costs of the whole zone.
    return math.isfinite(latitude) and math.isfinite(longitude)


def planned(order: Order, city: CityRow) -> planning.Order:
    """An order as a policy sees it."""
    return planning.Order(
        id=str(order.id),
        restaurant=str(order.restaurant_id),
        door=_plane((order.address.latitude, order.address.longitude), city),
        placed_at=_minutes(order.placed_at),
        ready_at=_ready(order.ready_at, order.ready_by),
    )


def _couriers(zone: str, orders: list[Order], *, city: CityRow, now: float, asked_for: float) -> list[planning.Courier]:
    riders = [_Rider(*row) for row in _on_shift(zone)]
    jobs: dict[int, list[_Job]] = defaultdict(list)
    held = Assignment.objects.filter(courier__zone=zone, state__in=HELD).order_by("offer__made_at", "offer", "door")
    for courier_id, *columns, north, east, door_north, door_east in held.values_list(*_JOB):
        jobs[courier_id].append(_Job._make((*columns, (north, east), (door_north, door_east))))
    refused: dict[int, set[str]] = defaultdict(set)
    recent = selectors.recent_refusals().filter(order__in=[order.id for order in orders], courier__zone=zone)
    for courier_id, order_id in recent.values_list("courier_id", "order_id"):
        refused[courier_id].add(str(order_id))
    seen = []
    for rider in riders:
        if not _on_the_map(rider.latitude, rider.longitude):
            continue
        place, free_at = _when_free(rider, jobs.get(rider.id, ()), city=city, now=now)
        if rider.id in jobs:
            # Only empty hands are asked: a courier is not sent elsewhere on the way to a door.
            free_at = max(free_at, asked_for + A_MOMENT_MINUTES)
        seen.append(
            planning.Courier(
                id=str(rider.id),
                place=_plane(place, city),
                free_at=free_at,
                off_at=now + OPEN_END_MINUTES if rider.until is None else _minutes(rider.until),
                room=rider.capacity,
                passed_over=frozenset(refused.get(rider.id, ())),
            )
        )
    return seen + _announced(zone, city=city, asked_for=asked_for)


def _announced(zone: str, *, city: CityRow, asked_for: float) -> list[planning.Courier]:
    """Couriers who mean to be on shift soon, where they were last: free from then on, so that nobody asks them yet."""
    coming = AnnouncedShift.objects.standing().filter(
        courier__zone=zone, courier__online=False, starts_at__lt=CityAfter(Value(AHEAD_MINUTES * 60))
    )
    columns = ("courier_id", "courier__capacity", "courier__latitude", "courier__longitude", "starts_at", "until")
    # Of each courier the next: a plan knows everyone once.
    nearest = coming.order_by("courier_id", "starts_at").distinct("courier_id")
    return [
        planning.Courier(
            id=str(pk),
            place=_plane((north, east), city),
            free_at=max(_minutes(starts_at), asked_for + A_MOMENT_MINUTES),
            off_at=_minutes(starts_at) + OPEN_END_MINUTES if until is None else _minutes(until),
            room=room,
        )
        for pk, room, north, east, starts_at, until in nearest.values_list(*columns)
        if _on_the_map(north, east)
    ]


def _on_shift(zone: str) -> QuerySet[Any]:
    """The columns of `_Rider` for each courier of the zone who is on shift."""
    latest = Assignment.objects.filter(courier=OuterRef("courier"), state=Assignment.State.COMPLETED).order_by("-pk")
    return (
        Shift.objects.running()
        .filter(courier__zone=zone, courier__online=True)
        .order_by("courier")
        .values_list(
            "courier_id",
            "courier__capacity",
            "courier__latitude",
            "courier__longitude",
            "courier__position_at",
            "until",
            Subquery(latest.values("order__delivered_at")[:1]),
        )
    )


def _when_free(rider: _Rider, jobs: Sequence[_Job], *, city: CityRow, now: float) -> tuple[Point, float]:
    """Where (degrees) and when (minutes) a courier is free, if they do what they promised offer by offer.

    Counted from where and when they were last seen. What should be over and is not will be over at once.
    """
    place: Point = (rider.latitude, rider.longitude)
    clock = now if rider.position_at is None else min(now, _minutes(rider.position_at))
    if rider.delivered_at is not None:
        clock = max(clock, _minutes(rider.delivered_at) + city.dropoff_minutes / 2)
    for _, trip in groupby(jobs, key=lambda job: job.offer):
        together = list(trip)
        to_fetch = [job for job in together if job.status != Status.PICKED_UP]
        if to_fetch:
            counter = to_fetch[0].counter
            answered_at = together[0].answered_at
            clock = max(clock, now if answered_at is None else _minutes(answered_at))
            clock += _way(place, counter, city) + city.pickup_minutes / 2
            clock = max(clock, now, *(_ready(job.ready_at, job.ready_by) for job in to_fetch)) + city.pickup_minutes / 2
            place = counter
        else:
            picked_up = max(_minutes(job.picked_up_at) for job in together if job.picked_up_at)
            clock = max(clock, picked_up + city.pickup_minutes / 2)
        for job in together:
            clock = max(now, clock + _way(place, job.door, city) + city.dropoff_minutes / 2) + city.dropoff_minutes / 2
            place = job.door
    return place, clock


def _ready(ready_at: datetime | None, ready_by: datetime | None) -> float:
    moment = ready_at or ready_by
    assert moment is not None
    return _minutes(moment)


def _plane(point: Point, city: CityRow) -> Point:
    """Metres east and north of the city's origin."""
    north = (point[0] - city.latitude) * METRES_PER_DEGREE
    east = (point[1] - city.longitude) * METRES_PER_DEGREE * math.cos(math.radians(city.latitude))
    return east, north


def _way(a: Point, b: Point, city: CityRow) -> float:
    metres = distance_metres(a, b, origin_latitude=city.latitude)
    return travel_time(metres, metres_per_minute=city.metres_per_minute).total_seconds() / 60


def _minutes(moment: datetime) -> float:
    return moment.timestamp() / 60
