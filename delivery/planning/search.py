"""Large-neighbourhood search: take a few related orders out of a plan, put them back better."""

from __future__ import annotations

import math
import random

import numpy as np

from .insertion import Insertion, Plan
from .round import Round

MOST_REMOVED = 5
#: Orders left out that a try puts back: with more it would try little else.
MOST_RETRIED = 12


def improve(
    plan: Plan,
    insertion: Insertion,
    *,
    rounds: int,
    chance: random.Random,
    warmth: float,
    most_removed: int = MOST_REMOVED,
) -> Plan:
    """The best plan seen in `rounds` tries; worse ones are walked through while warm (minutes)."""
    around = plan.round
    count = len(around.ready)
    if not count or not around.free:
        return plan
    near = _Nearness(around)
    current, cost = plan, plan.cost()
    best, best_cost = plan, cost
    for step in range(rounds):
        trial = current.copy()
        seed = chance.choice(trial.out) if trial.out and chance.random() < 0.5 else chance.randrange(count)
        size = min(count, chance.randint(1, most_removed))
        # A power of a uniform number: near ones mostly, any sometimes.
        removed = {seed}
        while len(removed) < size:
            removed.add(near.of(seed)[int(chance.random() ** 3 * count)])
        again = set(trial.out if len(trial.out) <= MOST_RETRIED else chance.sample(trial.out, MOST_RETRIED))
        orders = sorted(removed | again)
        trial.out = [order for order in trial.out if order not in removed and order not in again]
        trial.remove(removed)
        insertion.insert_all(trial, orders)
        trial_cost = trial.cost()
        heat = warmth * (1 - step / rounds)
        if trial_cost < cost or (heat > 0 and chance.random() < math.exp((cost - trial_cost) / heat)):
            current, cost = trial, trial_cost
            if cost < best_cost - 1e-9:
                best, best_cost = current, cost
    return best


class _Nearness:
    """For an order all of them, related first: near restaurants and doors, ready at about one time."""

    def __init__(self, around: Round) -> None:
        self._around = around
        self._restaurant = np.array(around.restaurant)
        self._ready = np.array(around.ready)
        self._known: dict[int, list[int]] = {}

    def of(self, order: int) -> list[int]:
        known = self._known.get(order)
        if known is None:
            around = self._around
            apart = around.backs[order, self._restaurant] + around.backs[:, around.restaurant[order]]
            related = apart + np.array(around.between[order])
            related = related + 0.5 * np.abs(self._ready - self._ready[order])
            known = self._known[order] = np.argsort(related, kind="stable").tolist()
        return known
