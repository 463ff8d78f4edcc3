"""Which courier for which order."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.assignment import Policy, Problem, linear, nearest_first


def problem(
    *,
    restaurants: list[tuple[float, float]],
    couriers: list[tuple[float, float]],
    ready_in: list[float] | None = None,
    free_in: list[float] | None = None,
    passed_over: list[tuple[int, int]] | None = None,
) -> Problem:
    refused = np.zeros((len(restaurants), len(couriers)), dtype=bool)
    for pair in passed_over or []:
        refused[pair] = True
    return Problem(
        restaurants=np.array(restaurants, dtype=float).reshape(-1, 2),
        ready_in=np.array(ready_in or [0.0] * len(restaurants)),
        couriers=np.array(couriers, dtype=float).reshape(-1, 2),
        free_in=np.array(free_in or [0.0] * len(couriers)),
        passed_over=refused,
        metres_per_minute=100.0,
        pickup_minutes=4.0,
    )


both = pytest.mark.parametrize("policy", [linear, nearest_first])


@both
def test_nobody_or_nothing_gives_no_pairs(policy: Policy) -> None:
    assert policy(problem(restaurants=[], couriers=[])) == []
    assert policy(problem(restaurants=[(0, 0)], couriers=[])) == []
    assert policy(problem(restaurants=[], couriers=[(0, 0)])) == []


@both
def test_the_nearest_courier_goes(policy: Policy) -> None:
    assert policy(problem(restaurants=[(0, 0)], couriers=[(900, 0), (300, 0), (-500, 0)])) == [(0, 1)]


@both
def test_who_refused_is_passed_over_even_if_nobody_else_is_there(policy: Policy) -> None:
    near_and_far = problem(restaurants=[(0, 0)], couriers=[(0, 0), (5000, 0)], passed_over=[(0, 0)])
    assert policy(near_and_far) == [(0, 1)]
    assert policy(problem(restaurants=[(0, 0)], couriers=[(0, 0)], passed_over=[(0, 0)])) == []


def test_linear_saves_the_long_way_that_nearest_first_takes() -> None:
    """The first order's nearest courier is the only one near the second."""
    town = problem(restaurants=[(0, 0), (300, 0)], couriers=[(100, 0), (-200, 0)], ready_in=[0.0, 0.0])
    assert sorted(nearest_first(town)) == [(0, 0), (1, 1)]
    assert sorted(linear(town)) == [(0, 1), (1, 0)]


def test_where_couriers_are_few_the_order_that_waits_longest_goes_first() -> None:
    town = problem(restaurants=[(0, 0), (0, 0), (0, 0)], couriers=[(100, 0)], ready_in=[12.0, -20.0, 3.0])
    assert linear(town) == [(1, 0)]
    assert nearest_first(town) == [(1, 0)]


def test_a_courier_who_is_free_in_time_beats_a_nearer_one_who_is_not() -> None:
    town = problem(restaurants=[(0, 0)], couriers=[(0, 0), (400, 0)], free_in=[30.0, 0.0], ready_in=[6.0])
    assert linear(town) == [(0, 1)]


def test_travel_takes_whole_minutes_rounded_up() -> None:
    town = problem(restaurants=[(0, 0)], couriers=[(100, 0), (101, 0), (30, 40)])
    assert town.travel().tolist() == [[1.0, 2.0, 1.0]]
