"""A round far larger than an instance's: how long one decision takes."""

from __future__ import annotations

import random
import time

from delivery.planning import City, Courier, Order, Policy, View

LIMIT_MS = 100.0
SIDE = 20_000


def large_view(*, orders: int = 500, couriers: int = 1000, seed: int = 0) -> View:
    """A city of 20 by 20 km with 150 restaurants; half of the couriers are free, the others within half an hour."""
    chance = random.Random(seed)

    def place() -> tuple[float, float]:
        return (chance.uniform(0, SIDE), chance.uniform(0, SIDE))

    city = City(320.0, 4.0, 4.0, 90.0, {f"r{index}": place() for index in range(150)})
    now = 600.0
    waiting = [
        Order(f"o{index}", f"r{chance.randrange(150)}", place(), now - 1, now + chance.randint(-5, 25))
        for index in range(orders)
    ]
    fleet = [
        Courier(f"c{index}", place(), now + max(0, chance.randint(-30, 30)), now + chance.randint(20, 300))
        for index in range(couriers)
    ]
    return View(now, city, waiting, fleet)


def one_round(policy: Policy, *, seed: int) -> float:
    """Seconds a policy that has seen nothing yet takes for it."""
    view = large_view(seed=seed)
    began = time.perf_counter()
    policy.decide(view)
    return time.perf_counter() - began
