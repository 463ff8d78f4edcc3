"""The plan's costs and moves."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import numpy as np
import pytest

import delivery.planning
from delivery.planning import City, Courier, Order, View
from delivery.planning.insertion import Insertion, Plan
from delivery.planning.round import INFEASIBLE, Round, Weights
from delivery.planning.search import improve

CITY = City(100.0, 4.0, 4.0, 90.0, {"west": (0.0, 0.0), "east": (2000.0, 0.0)})


def around(orders: list[Order], couriers: list[Courier], *, end: float = 0.0, scarce: float = 0.0) -> Round:
    demand = (np.array([(0.0, 0.0)]), np.array([1.0]))
    return Round(View(0, CITY, orders, couriers), weights=Weights(end=end, time=0.0, scarce=scarce), demand=demand)


ORDERS = [Order("o1", "west", (1000.0, 0.0), 0, 0), Order("o2", "west", (1100.0, 0.0), 0, 20)]
COURIERS = [Courier("c1", (500.0, 0.0), 0, 60), Courier("c2", (9000.0, 0.0), 3, 400)]


@pytest.mark.parametrize(
    ("courier", "route", "minutes"),
    [
        # 5 of way and 2: pickup at 7; 2, 10 of way and 2: drop at 21.
        (0, ((0,),), 21),
        # Ready at 20; drop of o1 at 34; free at 36; 1 of way and 2: drop of o2 at 39.
        (0, ((0, 1),), 34 + 39),
        # Drop at 21, free at 23, back at 33: pickup at 35, drop at 35 + 2 + 11 + 2.
        (0, ((0,), (1,)), 21 + 50),
        # Free at 3, pickup at 95, drop at 109: 19 over the maximum.
        (1, ((0,),), 109 + 300 + 19),
        (0, (), 0),
    ],
)
def test_a_route_costs_click_to_door_and_minutes_over_the_maximum(
    courier: int, route: tuple[tuple[int, ...], ...], minutes: float
) -> None:
    assert around(ORDERS, COURIERS).cost(courier, route) == minutes


def test_ending_far_from_where_orders_come_from_costs() -> None:
    # From 5 minutes away to 10 minutes away; less, as only 37 minutes of the shift are left then.
    assert around(ORDERS, COURIERS, end=0.5).cost(0, ((0,),)) == 21 + 0.5 * 5 * 37 / 60


@pytest.mark.parametrize(
    ("off", "minutes"),
    [
        # Nobody is idle; free at 3, drop at 19, free again at 21: 18 minutes.
        (400, 19 + 0.5 * 18),
        # What comes after the shift takes nobody's time: 7 minutes.
        (10, 19 + 0.5 * 7),
    ],
)
def test_time_on_the_road_costs_within_the_shift_where_nobody_is_idle(off: float, minutes: float) -> None:
    # 3 of way and 2: pickup at 8; with o1's door 7 minutes from the counter.
    order, busy = Order("o1", "west", (700.0, 0.0), 0, 0), Courier("c1", (300.0, 0.0), 3, off)

    assert around([order], [busy], scarce=0.5).cost(0, ((0,),)) == minutes


def test_a_pickup_after_the_shift_is_infeasible() -> None:
    late = [Courier("c1", (500.0, 0.0), 0, 6)]

    assert around(ORDERS, late).cost(0, ((0,),)) == INFEASIBLE


def test_moves_keep_every_order_once_and_the_cost_true() -> None:
    chance = random.Random(1)
    orders = [
        Order(f"o{index}", chance.choice(["west", "east"]), (chance.uniform(0, 3000), 0.0), 0, chance.randint(0, 20))
        for index in range(12)
    ]
    couriers = [Courier(f"c{index}", (chance.uniform(0, 3000), 0.0), 0, 300) for index in range(3)]
    problem = around(orders, couriers, end=0.2)
    insertion, plan = Insertion(problem), Plan(problem)
    insertion.insert_all(plan, list(range(12)))

    better = improve(plan, insertion, rounds=60, chance=chance, warmth=2.0)

    assert sorted(order for route in better.routes.values() for trip in route for order in trip) == list(range(12))
    assert better.cost() == pytest.approx(sum(problem.cost(each, route) for each, route in better.routes.items()))
    assert better.cost() <= plan.cost()


def test_the_package_needs_neither_django_nor_another_room() -> None:
    names: set[str] = set()
    for file in Path(delivery.planning.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").split(".")[0])

    assert names - {"__future__", "collections", "dataclasses", "math", "random", "typing"} == {"numpy", "scipy"}
