"""The policies the planner is compared with, and all of them by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from .model import Courier, Floats, Job, Policy, View, points
from .planner import Planner

#: Minutes that stand for "never": beyond any sum of real ones.
_NEVER = 1e7


class Forgetful:
    """A policy that starts from nothing each time, and keeps no job back."""

    def due_at(self) -> float | None:
        return None

    def memory(self) -> dict[str, Any]:
        return {}

    def recall(self, memory: dict[str, Any]) -> None:
        pass


class NearestFirst(Forgetful):
    """Naive: the order placed first takes the nearest free courier, who leaves at once."""

    def decide(self, view: View) -> list[Job]:
        free, travel, possible = _free(view)
        travel = np.where(possible, travel, np.inf)
        jobs: list[Job] = []
        for row in sorted(range(len(view.orders)), key=lambda row: (view.orders[row].placed_at, view.orders[row].id)):
            if free and np.isfinite(travel[row].min()):
                column = int(np.argmin(travel[row]))
                jobs.append(Job(free[column].id, (view.orders[row].id,)))
                travel[:, column] = np.inf
        return jobs


class Linear(Forgetful):
    """The cheapest matching of waiting orders and free couriers, one order each, who leave at once.

    As many orders as possible are carried; then pickup after ready, and the way there, are least.
    """

    def decide(self, view: View) -> list[Job]:
        free, travel, possible = _free(view)
        if not free:
            return []
        ready = np.array([order.ready_at - view.now for order in view.orders])[:, np.newaxis]
        late = np.maximum(travel + view.city.pickup_minutes / 2 - ready, 0.0)
        # Where couriers are few the order ready first goes first, else the late ones would wait for ever.
        cost = np.where(possible, travel + 2.0 * late + 3.0 * ready, _NEVER)
        rows, columns = linear_sum_assignment(cost)
        return [
            Job(free[column].id, (view.orders[row].id,))
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
            if possible[row, column]
        ]


def _free(view: View) -> tuple[list[Courier], Floats, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """Couriers free now; (n, m) minutes to each order's restaurant; whether the pickup lies in the shift."""
    free = [courier for courier in view.couriers if courier.free_at <= view.now]
    counters = points([view.city.restaurants[order.restaurant] for order in view.orders])
    travel = view.city.travel(counters, points([courier.place for courier in free]))
    ready = np.array([order.ready_at for order in view.orders])[:, np.newaxis]
    pickup = np.maximum(ready, view.now + travel + view.city.pickup_minutes / 2)
    possible = pickup <= np.array([courier.off_at for courier in free])[np.newaxis, :]
    for column, courier in enumerate(free):
        if courier.passed_over:
            possible[[row for row, order in enumerate(view.orders) if order.id in courier.passed_over], column] = False
    return free, travel, possible


POLICIES: dict[str, Callable[[int], Policy]] = {
    "nearest_first": lambda seed: NearestFirst(),
    "linear": lambda seed: Linear(),
    "planner": lambda seed: Planner(seed=seed),
}
