"""The day planned with every order known from its start: what knowing, and not planning better, would have saved.

The planner's own search, on one problem that holds the whole day, from the day as it was played; so it is never worse.
It proves nothing: a longer search may find more, and its answer is a bound from one side only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from delivery.planning.insertion import Insertion, Plan
from delivery.planning.model import City, Courier, Job, Order, View
from delivery.planning.round import INFEASIBLE, Round, Route, Trip, Weights
from delivery.planning.search import improve

from .instance import Instance
from .replay import Driven, Solution, drive

#: An order is tried beside trips that are ready within so many minutes of it.
BESIDE = 75.0
#: Tries between which the costs known so far are forgotten: a day's routes are many.
CHUNK = 150

State = tuple[float, int, float]


class Day(Round):
    """A round that holds the whole day: nobody leaves for an order before it is placed."""

    def __init__(self, instance: Instance) -> None:
        view = View(min(order.placed_at for order in instance.orders), instance.city, instance.orders,
                    instance.couriers)  # fmt: skip
        nowhere = (np.zeros((1, 2)), np.ones(1))
        super().__init__(view, weights=Weights(end=0.0, left_out=2000.0), demand=nowhere)
        self._states: dict[tuple[int, Route], State] = {}

    def forget(self) -> None:
        self._states.clear()

    def cost(self, courier: int, route: Route) -> float:
        """Minutes of click-to-door, with those over the maximum charged for."""
        return self._after(courier, route)[2]

    def _after(self, courier: int, route: Route) -> State:
        """When the courier is free after the route, at whose door, with what minutes: kept for each beginning."""
        if not route:
            return self.free[courier], -1, 0.0
        known = self._states.get((courier, route))
        if known is None:
            known = self._states[courier, route] = self._drive(courier, self._after(courier, route[:-1]), route[-1])
        return known

    def _drive(self, courier: int, state: State, trip: Trip) -> State:
        clock, last, total = state
        if total == INFEASIBLE:
            return state
        way = (self.from_place[courier] if last < 0 else self.back[last])[self.restaurant[trip[0]]]
        leaves = max(clock, *(self.placed[order] for order in trip))
        pickup = max(leaves + way + self.to_counter, *(self.ready[order] for order in trip))
        if pickup > self.off[courier]:
            return pickup, last, INFEASIBLE
        clock, last = pickup + self.from_counter, -1
        for order in trip:
            clock += (self.carry[order] if last < 0 else self.between[last][order]) + self.to_door
            took = clock - self.placed[order]
            total += took
            if took > self.maximum:
                total += self.weights.over + self.weights.late * (took - self.maximum)
            clock, last = clock + self.from_door, order
        return clock, last, total


class Beside(Insertion):
    """Insertion into a day's long routes, only beside trips of about the order's time."""

    def _options(self, courier: int, route: Route, order: int) -> Iterator[Route]:
        ready = self.round.ready
        low, high = 0, len(route)
        while low < high and ready[route[low][0]] < ready[order] - BESIDE:
            low += 1
        while high > low and ready[route[high - 1][0]] > ready[order] + BESIDE:
            high -= 1
        before, after = route[:low], route[high:]
        for option in super()._options(courier, route[low:high], order):
            yield (*before, *option, *after)


def foresee(instance: Instance, played: Solution, *, seed: int, tries: int) -> Solution:
    """The day as it was played, made better with all of it known."""
    day = Day(instance)
    plan = _as_played(day, instance, played)
    chance = random.Random(f"clairvoyant {seed}")
    for _ in range(max(1, tries // CHUNK)):
        plan = improve(plan, Beside(day), rounds=CHUNK, chance=chance, warmth=1.0)
        day.forget()
    return _driven(day, instance, plan)


def _as_played(day: Day, instance: Instance, played: Solution) -> Plan:
    orders = {order.id: index for index, order in enumerate(instance.orders)}
    couriers = {courier.id: index for index, courier in enumerate(instance.couriers)}
    routes: dict[int, list[Trip]] = {}
    for job in played.jobs:
        routes.setdefault(couriers[job.courier], []).append(tuple(orders[each] for each in job.orders))
    plan = Plan(day)
    for courier, trips in routes.items():
        plan.put(courier, tuple(trips))
    plan.out = [index for index in range(len(instance.orders)) if not plan.carries(index)]
    return plan


def _driven(day: Day, instance: Instance, plan: Plan) -> Solution:
    """Driven by the replay's own rules, each courier leaving as late as costs nothing."""
    jobs: list[Driven] = []
    for courier, route in plan.routes.items():
        who = instance.couriers[courier]
        for trip in route:
            orders = {instance.orders[each].id: instance.orders[each] for each in trip}
            jobs.append(_drive(instance.city, who, orders))
            who = Courier(who.id, instance.orders[trip[-1]].door,
                          jobs[-1].drops[-1] + day.from_door, who.off_at)  # fmt: skip
    return Solution(sorted(jobs, key=lambda job: job.assigned_at))


def _drive(city: City, courier: Courier, orders: dict[str, Order]) -> Driven:
    """Leaving when they are free and all is placed: waiting at the counter or before costs the same."""
    leaves = max(courier.free_at, *(order.placed_at for order in orders.values()))
    view = View(leaves, city, list(orders.values()), [courier])
    return drive(Job(courier.id, tuple(orders)), view, orders)
