"""Which courier for which order: plain arithmetic on arrays, without a database.

A policy gets a `Problem` and answers with pairs (order index, courier index), each order and each courier in one
pair at most. `linear` is what rounds use; `nearest_first` is the naive way it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Pairs = list[tuple[int, int]]

#: What a minute that food waits at the counter costs, in minutes of a courier's way.
LATENESS_WEIGHT = 2.0
#: Where couriers are few: how much an order that is ready a minute earlier is preferred. It must be more than
#: LATENESS_WEIGHT, else the late orders, which cost most, would be left over for ever.
URGENCY_WEIGHT = 3.0
#: Minutes that stand for "never": beyond any sum of real costs.
_NEVER = 1e7


@dataclass(frozen=True, slots=True)
class Problem:
    """n waiting orders, m couriers with room.

    restaurants: (n, 2) metres east and north of the city's origin
    ready_in: (n,) city minutes until the order is ready; negative once it waits
    couriers: (m, 2) metres, where each courier is, or will be when free
    free_in: (m,) city minutes until then, 0 for who has nothing to do
    passed_over: (n, m) true where the courier refused this order lately
    metres_per_minute: a courier's pace
    pickup_minutes: service at the restaurant; half of it lies between arrival and pickup
    """

    restaurants: Floats
    ready_in: Floats
    couriers: Floats
    free_in: Floats
    passed_over: NDArray[np.bool_]
    metres_per_minute: float
    pickup_minutes: float = 0.0

    def travel(self) -> Floats:
        """(n, m) city minutes from each courier to each restaurant, whole ones, as in the public instances."""
        way = self.restaurants[:, np.newaxis, :] - self.couriers[np.newaxis, :, :]
        minutes: Floats = np.ceil(np.hypot(way[..., 0], way[..., 1]) / self.metres_per_minute - 1e-6)
        return minutes


class Policy(Protocol):
    def __call__(self, problem: Problem) -> Pairs: ...


def linear(problem: Problem) -> Pairs:
    """The cheapest matching: the couriers' ways plus, weighted, how long ready food would wait for them."""
    travel = problem.travel()
    pickup = problem.free_in[np.newaxis, :] + travel + problem.pickup_minutes / 2
    ready = problem.ready_in[:, np.newaxis]
    cost = travel + LATENESS_WEIGHT * np.maximum(0.0, pickup - ready) + URGENCY_WEIGHT * ready
    # A constant for all would not change the matching; this one keeps costs from being negative.
    cost = np.where(problem.passed_over, _NEVER, cost - cost.min(initial=0.0))
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if not problem.passed_over[i, j]]


def nearest_first(problem: Problem) -> Pairs:
    """Earliest ready order first, each to the nearest courier left."""
    travel = np.where(problem.passed_over, np.inf, problem.travel())
    pairs: Pairs = []
    if not travel.shape[1]:
        return pairs
    for order in np.argsort(problem.ready_in, kind="stable"):
        courier = int(np.argmin(travel[order]))
        if np.isfinite(travel[order, courier]):
            pairs.append((int(order), courier))
            travel[:, courier] = np.inf
    return pairs
