"""What a round sees of its zone, read without a lock: waiting orders, and couriers with what they have promised."""

from __future__ import annotations

import math
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from orders.city import METRES_PER_DEGREE, city_now, distance_metres, the_city, travel_time
from orders.models import City as CityRow
from orders.models import Order, Restaurant, Status

from . import planning, selectors
from .models import HELD, Assignment, Courier, Shift

Point = tuple[float, float]

#: Click-to-door that no customer should have to bear (Reyes et al. 2018).
MAXIMUM_MINUTES = 90.0
#: A shift without an announced end.
OPEN_END_MINUTES = 1e6
#: By so much later than asked for now is a courier free whose hands are full, however long that should be over.
A_MOMENT_MINUTES = 0.01


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A zone at one moment. `broken` names the orders that no policy could handle, each with the reason."""

    view: planning.View
    broken: dict[uuid.UUID, str]


def take(zone: str, *, lead: float = 0.0) -> Snapshot:
    """Look at a zone as it will be `lead` city minutes from now, when those who are asked now have answered.

    Nothing is locked: what has changed by the time of an offer, the offer finds out. Minutes are those since 1970.
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
        couriers=_couriers(zone, orders, city=city, now=_minutes(now), asked_for=_minutes(now) + lead),
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
        ready_at=_ready(order),
    )


def _couriers(zone: str, orders: list[Order], *, city: CityRow, now: float, asked_for: float) -> list[planning.Courier]:
    latest = Assignment.objects.filter(courier=OuterRef("pk"), state=Assignment.State.COMPLETED).order_by("-pk")
    shift = Shift.objects.filter(courier=OuterRef("pk"), ended_at=None)
    on_shift: QuerySet[Any] = (
        Courier.objects.on_shift()
        .filter(zone=zone)
        .annotate(
            until=Subquery(shift.values("until")[:1]),
            delivered_at=Subquery(latest.values("order__delivered_at")[:1]),
        )
        .order_by("pk")
    )
    couriers = [each for each in on_shift if _on_the_map(each.latitude, each.longitude)]
    jobs: dict[int, list[Assignment]] = defaultdict(list)
    held = Assignment.objects.filter(courier__in=couriers, state__in=HELD).order_by("offer__made_at", "offer", "door")
    for job in held.select_related("offer", "order__restaurant", "order__address"):
        jobs[job.courier_id].append(job)
    refused: dict[int, set[str]] = defaultdict(set)
    recent = selectors.recent_refusals().filter(order__in=[order.id for order in orders], courier__in=couriers)
    for courier_id, order_id in recent.values_list("courier_id", "order_id"):
        refused[courier_id].add(str(order_id))
    seen = []
    for courier in couriers:
        place, free_at = _when_free(courier, courier.delivered_at, jobs[courier.pk], city=city, now=now)
        if jobs[courier.pk]:
            # Only empty hands are asked: a courier is not sent elsewhere on the way to a door.
            free_at = max(free_at, asked_for + A_MOMENT_MINUTES)
        seen.append(
            planning.Courier(
                id=str(courier.pk),
                place=_plane(place, city),
                free_at=free_at,
                off_at=now + OPEN_END_MINUTES if courier.until is None else _minutes(courier.until),
                room=courier.capacity,
                passed_over=frozenset(refused[courier.pk]),
            )
        )
    return seen


def _when_free(
    courier: Courier, delivered_at: datetime | None, jobs: list[Assignment], *, city: CityRow, now: float
) -> tuple[Point, float]:
    """Where (degrees) and when (minutes) a courier is free, if they do what they promised offer by offer.

    Counted from where and when they were last seen. What should be over and is not will be over at once.
    """
    place: Point = (courier.latitude, courier.longitude)
    clock = now if courier.position_at is None else min(now, _minutes(courier.position_at))
    if delivered_at is not None:
        clock = max(clock, _minutes(delivered_at) + city.dropoff_minutes / 2)
    for _, trip in groupby(jobs, key=lambda job: job.offer_id):
        together = list(trip)
        to_fetch = [job.order for job in together if job.order.status != Status.PICKED_UP]
        if to_fetch:
            counter = (to_fetch[0].restaurant.latitude, to_fetch[0].restaurant.longitude)
            answered_at = together[0].offer.answered_at
            clock = max(clock, now if answered_at is None else _minutes(answered_at))
            clock += _way(place, counter, city) + city.pickup_minutes / 2
            clock = max(clock, now, *(_ready(order) for order in to_fetch)) + city.pickup_minutes / 2
            place = counter
        else:
            picked_up = max(_minutes(job.order.picked_up_at) for job in together if job.order.picked_up_at)
            clock = max(clock, picked_up + city.pickup_minutes / 2)
        for job in together:
            door = (job.order.address.latitude, job.order.address.longitude)
            clock = max(now, clock + _way(place, door, city) + city.dropoff_minutes / 2) + city.dropoff_minutes / 2
            place = door
    return place, clock


def _ready(order: Order) -> float:
    moment = order.ready_at or order.ready_by
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
