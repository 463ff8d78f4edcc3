"""What a round sees of its zone: waiting orders and free couriers, read without a lock, as arrays for a policy."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from orders.city import METRES_PER_DEGREE, city_now, distance_metres, the_city, travel_time
from orders.models import City, Order, Restaurant, Status

from . import selectors
from .assignment import Problem
from .models import HELD, Assignment, Courier

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A zone at one moment. `broken` names the orders that no policy could handle, each with the reason."""

    orders: list[uuid.UUID]
    couriers: list[int]
    problem: Problem
    broken: dict[uuid.UUID, str]


def take(zone: str) -> Snapshot:
    """Look at a zone. Nothing is locked: what has changed by the time of an offer, the offer finds out."""
    city, now = the_city(), city_now()
    waiting = list(selectors.in_turn(zone=zone, city=city).select_related("restaurant"))
    broken = {order.id: reason for order in waiting if (reason := _whats_wrong(order))}
    orders = [order for order in waiting if order.id not in broken]
    free = Courier.objects.free().filter(zone=zone).order_by("pk")
    couriers = [courier for courier in free if _on_the_map(courier)]
    places = _where_free(couriers, city=city, now=now)
    problem = Problem(
        restaurants=_plane([(order.restaurant.latitude, order.restaurant.longitude) for order in orders], city),
        ready_in=np.array([_minutes(order.ready_by - now) for order in orders if order.ready_by]),
        couriers=_plane([place for place, _ in places], city),
        free_in=np.array([minutes for _, minutes in places]),
        passed_over=_passed_over(orders, couriers),
        metres_per_minute=city.metres_per_minute,
        pickup_minutes=city.pickup_minutes,
    )
    return Snapshot(
        orders=[order.id for order in orders],
        couriers=[courier.pk for courier in couriers],
        problem=problem,
        broken=broken,
    )


def _whats_wrong(order: Order) -> str:
    if order.ready_by is None:
        return "it is accepted, but nobody said when it will be ready"
    if not _on_the_map(order.restaurant):
        return f"{order.restaurant} has no place on the map"
    return ""


def _on_the_map(place: Courier | Restaurant) -> bool:
    # PostgreSQL's floats can be NaN, and one NaN would spoil the costs of the whole zone.
    return math.isfinite(place.latitude) and math.isfinite(place.longitude)


def _where_free(couriers: list[Courier], *, city: City, now: datetime) -> list[tuple[Point, float]]:
    """Where each courier will be free, and in how many city minutes, if they do what they carry one by one."""
    jobs: dict[int, list[Order]] = {courier.pk: [] for courier in couriers}
    busy = Assignment.objects.filter(courier__in=jobs, state__in=HELD).order_by("pk")
    for job in busy.select_related("order__restaurant", "order__address"):
        jobs[job.courier_id].append(job.order)
    places = []
    for courier in couriers:
        place, minutes = (courier.latitude, courier.longitude), 0.0
        for order in jobs[courier.pk]:
            door = (order.address.latitude, order.address.longitude)
            if order.status != Status.PICKED_UP:
                counter = (order.restaurant.latitude, order.restaurant.longitude)
                minutes += _way(place, counter, city) + city.pickup_minutes / 2
                minutes = max(minutes, _minutes(order.ready_by - now) if order.ready_by else 0.0)
                minutes += city.pickup_minutes / 2
                place = counter
            minutes += _way(place, door, city) + city.dropoff_minutes
            place = door
        places.append((place, minutes))
    return places


def _passed_over(orders: list[Order], couriers: list[Courier]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    row = {order.id: i for i, order in enumerate(orders)}
    column = {courier.pk: j for j, courier in enumerate(couriers)}
    refused = np.zeros((len(orders), len(couriers)), dtype=bool)
    recent = selectors.recent_refusals().filter(order__in=row, courier__in=column)
    for order_id, courier_id in recent.values_list("order_id", "courier_id"):
        refused[row[order_id], column[courier_id]] = True
    return refused


def _plane(points: list[Point], city: City) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    degrees = np.array(points, dtype=float).reshape(-1, 2)
    north = (degrees[:, 0] - city.latitude) * METRES_PER_DEGREE
    east = (degrees[:, 1] - city.longitude) * METRES_PER_DEGREE * math.cos(math.radians(city.latitude))
    return np.column_stack((east, north))


def _way(a: Point, b: Point, city: City) -> float:
    metres = distance_metres(a, b, origin_latitude=city.latitude)
    return travel_time(metres, metres_per_minute=city.metres_per_minute).total_seconds() / 60


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
