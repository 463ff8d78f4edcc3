"""What a courier's minute costs, by who is idle and until when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from delivery.planning import City, Courier, View
from delivery.planning.price import HORIZON, spent

CITY = City(100.0, 4.0, 4.0, 90.0, {"west": (0.0, 0.0)})


def prices(couriers: list[Courier]) -> list[float]:
    """Of each minute from now, 600, on."""
    sums = spent(View(600, CITY, [], couriers), always=0.125, scarce=0.5)
    return [after - before for before, after in pairwise(sums)]


def fleet(count: int, *, free: float, off: float) -> list[Courier]:
    return [Courier(f"{free:g} {off:g} {each}", (0.0, 0.0), free, off) for each in range(count)]


@pytest.mark.parametrize(("idle", "price"), [(0, 0.625), (1, 0.375), (2, 0.125), (5, 0.125)])
def test_a_minute_costs_the_less_the_more_are_idle(idle: int, price: float) -> None:
    couriers = fleet(idle, free=590, off=2000) + fleet(10 - idle, free=630, off=2000)

    assert prices(couriers) == pytest.approx([price] * HORIZON)


def test_who_comes_long_after_does_not_count() -> None:
    couriers = fleet(1, free=590, off=2000) + fleet(4, free=610, off=2000) + fleet(20, free=661, off=2000)

    assert prices(couriers) == pytest.approx([0.125] * HORIZON)


def test_after_those_idle_have_gone_home_the_time_of_those_who_stay_is_dear() -> None:
    couriers = fleet(5, free=590, off=630) + fleet(5, free=610, off=2000)

    assert prices(couriers) == pytest.approx([0.125] * 30 + [0.625] * (HORIZON - 30))


def test_without_anybody_it_is_dear() -> None:
    assert prices([]) == pytest.approx([0.625] * HORIZON)
