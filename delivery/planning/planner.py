"""The kept plan: it is carried from round to round, and only what cannot wait is committed."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import numpy as np

from .insertion import Insertion, Plan
from .model import Floats, Job, View, points
from .round import INFEASIBLE, Round, Weights
from .search import improve

#: Minutes a plan may get worse by, at first, on the way to a better one.
WARMTH = 0.3
#: The same where an order would be left out.
RESCUE_WARMTH = 10.0
#: New orders from which on a matching comes before the insertions.
MANY = 40
#: Orders remembered as the demand there was: old ones fade, so that a memory stays small and of today.
DEMAND_KEPT = 5000
#: Of the search of a minute, what a round gets however soon it follows another.
LEAST_SHARE = 0.1
#: Waiting orders up to which the search gets more tries with each; a try then costs more, so there are fewer.
MOST_SEARCHED = 60


class Planner:
    """Keeps, for each courier, the trips still to come; one planner serves one zone.

    A lost planner costs nothing but the search already done: the next round plans anew.
    """

    def __init__(self, *, seed: int = 0, weights: Weights | None = None, effort: float = 1.0) -> None:
        self.seed = seed
        self.weights = weights or Weights()
        self.effort = effort
        self._kept: dict[str, list[tuple[str, ...]]] = {}
        self._waited: frozenset[str] = frozenset()
        self._demand: Counter[str] = Counter()
        self._planned_at = -math.inf
        self._due_at: float | None = None

    def due_at(self) -> float | None:
        return self._due_at

    def memory(self) -> dict[str, Any]:
        return {
            "kept": self._kept,
            "waited": sorted(self._waited),
            "demand": self._demand,
            "planned_at": self._planned_at if math.isfinite(self._planned_at) else None,
        }

    def recall(self, memory: dict[str, Any]) -> None:
        self._kept = {courier: [tuple(trip) for trip in trips] for courier, trips in memory.get("kept", {}).items()}
        self._waited = frozenset(memory.get("waited", ()))
        self._demand = Counter(memory.get("demand", {}))
        planned_at = memory.get("planned_at")
        self._planned_at = -math.inf if planned_at is None else float(planned_at)

    def decide(self, view: View) -> list[Job]:
        self._count_demand(view)
        # Live rounds also come in between: those search as much less as less time has passed.
        share = min(1.0, max(LEAST_SHARE, view.now - self._planned_at))
        self._planned_at = view.now
        if not view.orders:
            self._kept, self._due_at = {}, None
            return []
        around = Round(view, weights=self.weights, demand=self.demand(view))
        chance = random.Random(f"{self.seed}:{view.now}")
        insertion = Insertion(around)
        plan = self._recall(view, around, insertion)
        tries = int(share * self.effort * _tries(len(view.orders)))
        plan = improve(plan, insertion, rounds=tries, chance=chance, warmth=WARMTH)
        if any(around.soonest[order] for order in plan.out):
            # Somebody could carry it, were they not carrying others: look wider before giving it up.
            plan = improve(plan, insertion, rounds=4 * tries, chance=chance, warmth=RESCUE_WARMTH, most_removed=9)
        return self._commit(view, plan)

    def demand(self, view: View) -> tuple[Floats, Floats]:
        """Where orders will come from: as so far, and a little from everywhere."""
        names = sorted(view.city.restaurants)
        weights = np.array([1.0 + self._demand[name] for name in names])
        return points([view.city.restaurants[name] for name in names]), weights / weights.sum()

    def _count_demand(self, view: View) -> None:
        waiting = frozenset(order.id for order in view.orders)
        for order in view.orders:
            if order.id not in self._waited:
                self._demand[order.restaurant] += 1
        self._waited = waiting
        if self._demand.total() > DEMAND_KEPT:
            self._demand = Counter({name: count // 2 for name, count in self._demand.items() if count > 1})

    def _recall(self, view: View, around: Round, insertion: Insertion) -> Plan:
        """The kept plan as far as it still holds, the other orders inserted."""
        orders = {order.id: index for index, order in enumerate(view.orders)}
        couriers = {courier.id: index for index, courier in enumerate(view.couriers)}
        plan = Plan(around)
        for name, trips in self._kept.items():
            if name not in couriers:
                continue
            courier = couriers[name]
            known = (tuple(orders[each] for each in trip if each in orders) for trip in trips)
            kept = tuple(trip for trip in known if trip)
            refused = any(
                view.orders[order].id in view.couriers[courier].passed_over for trip in kept for order in trip
            )
            if kept and not refused and around.cost(courier, kept) < INFEASIBLE:
                plan.put(courier, kept)
        new = [index for index in range(len(view.orders)) if not plan.carries(index)]
        if len(new) > MANY:
            new = insertion.match(plan, new)
        insertion.insert_all(plan, new)
        return plan

    def _commit(self, view: View, plan: Plan) -> list[Job]:
        jobs: list[Job] = []
        self._kept, self._due_at = {}, None
        for courier, route in sorted(plan.routes.items()):
            trips = [tuple(view.orders[order].id for order in trip) for trip in route]
            name = view.couriers[courier].id
            leaves_at = plan.round.leaves_at(courier, route[0])
            if leaves_at <= view.now:
                jobs.append(Job(name, trips.pop(0)))
            else:
                self._due_at = leaves_at if self._due_at is None else min(self._due_at, leaves_at)
            if trips:
                self._kept[name] = trips
        return jobs


def _tries(waiting: int) -> float:
    tries = 20.0 + 4.0 * min(waiting, MOST_SEARCHED)
    share = min(1.0, MOST_SEARCHED / waiting)
    return tries * share * math.sqrt(share)
