"""Playing an instance minute by minute: a policy sees what is known, and its jobs are driven.

Couriers accept always and wait at their last place; who has left for a restaurant is not diverted.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

from delivery.planning import Courier, Job, Order, Policy, View
from delivery.planning.model import City, Point

from .instance import Instance


class DecisionError(RuntimeError):
    """A policy answered with what cannot be driven."""


@dataclass(frozen=True, slots=True)
class Driven:
    """A job as it went; minutes. drops: one for each order, in sequence."""

    courier: str
    orders: tuple[str, ...]
    assigned_at: float
    pickup_at: float
    drops: tuple[float, ...]


@dataclass(slots=True)
class Solution:
    """All jobs in the sequence of their assignment; seconds each round's decision took, and orders waiting then."""

    jobs: list[Driven] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def replay(instance: Instance, policy: Policy) -> Solution:
    """Play the whole day.

    Raises:
        DecisionError: the policy used an order or a courier it cannot have.
    """
    solution = Solution()
    to_come = sorted(instance.orders, key=lambda order: order.placed_at)
    couriers = {courier.id: courier for courier in instance.couriers}
    waiting: dict[str, Order] = {}
    last = max(courier.off_at for courier in instance.couriers)
    now = to_come[0].placed_at
    while now <= last and (waiting or to_come):
        while to_come and to_come[0].placed_at <= now:
            order = to_come.pop(0)
            waiting[order.id] = order
        if waiting:
            on_shift = [courier for courier in couriers.values() if courier.off_at >= now]
            view = View(now, instance.city, list(waiting.values()), on_shift)
            began = time.perf_counter()
            jobs = policy.decide(view)
            solution.seconds.append(time.perf_counter() - began)
            for job in jobs:
                driven = drive(job, view, waiting)
                solution.jobs.append(driven)
                orders = [waiting.pop(each) for each in job.orders]
                free_at = driven.drops[-1] + instance.city.dropoff_minutes / 2
                couriers[job.courier] = replace(couriers[job.courier], place=orders[-1].door, free_at=free_at)
        now += 1
    return solution


def drive(job: Job, view: View, waiting: dict[str, Order]) -> Driven:
    """Where and when the job's orders go, its courier leaving now."""
    courier: Courier | None = next((each for each in view.couriers if each.id == job.courier), None)
    if courier is None or courier.free_at > view.now:
        raise DecisionError(f"courier {job.courier} is not free at minute {view.now:g}")
    if not job.orders or any(order not in waiting for order in job.orders) or len(set(job.orders)) < len(job.orders):
        raise DecisionError(f"orders {job.orders} do not all wait at minute {view.now:g}")
    orders = [waiting[order] for order in job.orders]
    if len({order.restaurant for order in orders}) != 1:
        raise DecisionError(f"orders {job.orders} are not of one restaurant")
    city = view.city
    counter = city.restaurants[orders[0].restaurant]
    arrival = view.now + minutes(city, courier.place, counter)
    pickup = max(arrival + city.pickup_minutes / 2, *(order.ready_at for order in orders))
    if pickup > courier.off_at:
        raise DecisionError(f"courier {job.courier} would pick up at {pickup:g}, after their shift")
    clock, place = pickup + city.pickup_minutes / 2, counter
    drops: list[float] = []
    for order in orders:
        clock += minutes(city, place, order.door) + city.dropoff_minutes / 2
        drops.append(clock)
        clock, place = clock + city.dropoff_minutes / 2, order.door
    return Driven(job.courier, job.orders, view.now, pickup, tuple(drops))


def minutes(city: City, origin: Point, destination: Point) -> float:
    """Whole minutes of way."""
    return float(math.ceil(math.dist(origin, destination) / city.metres_per_minute))
