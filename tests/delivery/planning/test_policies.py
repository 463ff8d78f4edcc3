"""Policies on a city small enough to know the answers: 100 metres a minute, all on one line."""

from __future__ import annotations

import json

import pytest

from delivery.planning import POLICIES, City, Courier, Job, Order, View
from delivery.planning.planner import DEMAND_KEPT, MANY
from delivery.planning.round import FEW

CITY = City(100.0, 4.0, 4.0, 90.0, {"west": (0.0, 0.0), "east": (2000.0, 0.0)})

every = pytest.mark.parametrize("name", sorted(POLICIES))


def order(name: str, restaurant: str, door: float, *, placed: float = 0, ready: float = 0) -> Order:
    return Order(name, restaurant, (door, 0.0), placed, ready)


def courier(name: str, at: float, *, free: float = 0, off: float = 500, passed_over: tuple[str, ...] = ()) -> Courier:
    return Courier(name, (at, 0.0), free, off, frozenset(passed_over))


def decide(name: str, orders: list[Order], couriers: list[Courier], *, now: float = 0) -> list[Job]:
    return sorted(POLICIES[name](0).decide(View(now, CITY, orders, couriers)), key=lambda job: job.courier)


@every
def test_nobody_or_nothing_gives_no_jobs(name: str) -> None:
    assert decide(name, [], []) == []
    assert decide(name, [order("o1", "west", 100)], []) == []
    assert decide(name, [], [courier("c1", 0)]) == []


@every
def test_one_courier_takes_the_one_order(name: str) -> None:
    assert decide(name, [order("o1", "west", 100)], [courier("c1", 0)]) == [Job("c1", ("o1",))]


@every
def test_a_courier_who_passed_the_order_over_does_not_get_it(name: str) -> None:
    couriers = [courier("c1", 0, passed_over=("o1",)), courier("c2", 1000)]

    assert decide(name, [order("o1", "west", 100)], couriers) == [Job("c2", ("o1",))]


@every
def test_a_pickup_at_the_end_of_the_shift_is_made_and_a_minute_after_it_not(name: str) -> None:
    # Ten minutes of way and two at the counter.
    assert decide(name, [order("o1", "west", 100)], [courier("c1", 1000, off=12)]) == [Job("c1", ("o1",))]
    assert decide(name, [order("o1", "west", 100)], [courier("c1", 1000, off=11)]) == []


@every
def test_a_busy_courier_does_not_leave(name: str) -> None:
    assert decide(name, [order("o1", "west", 100)], [courier("c1", 0, free=1)]) == []


def test_nearest_first_lets_the_first_order_take_what_the_second_needs_more() -> None:
    orders = [order("o1", "west", 100), order("o2", "east", 1900, placed=1)]
    couriers = [courier("c1", 900), courier("c2", -3000)]

    assert decide("nearest_first", orders, couriers, now=1) == [Job("c1", ("o1",)), Job("c2", ("o2",))]
    assert decide("linear", orders, couriers, now=1) == [Job("c1", ("o2",)), Job("c2", ("o1",))]
    assert decide("planner", orders, couriers, now=1) == [Job("c1", ("o2",)), Job("c2", ("o1",))]


def test_the_planner_commits_only_when_the_courier_must_leave() -> None:
    # 10 minutes of way, 2 at the counter, ready at 30: minute 18.
    planner = POLICIES["planner"](0)
    orders, couriers = [order("o1", "west", 100, ready=30)], [courier("c1", 1000)]

    assert [planner.decide(View(now, CITY, orders, couriers)) for now in (16, 17)] == [[], []]
    assert planner.decide(View(18, CITY, orders, couriers)) == [Job("c1", ("o1",))]


def test_the_planner_waits_for_a_busy_courier_who_will_be_sooner() -> None:
    couriers = [courier("far", 5000), courier("near", 0, free=5)]

    assert decide("planner", [order("o1", "west", 100)], couriers) == []
    assert decide("planner", [order("o1", "west", 100)], couriers, now=5) == [Job("near", ("o1",))]


def test_the_planner_bundles_where_that_takes_less_time_and_only_there() -> None:
    one_way = [order("o1", "west", 1000), order("o2", "west", 1100)]
    opposite = [order("o1", "west", 1000), order("o2", "west", -1000)]

    assert decide("planner", one_way, [courier("c1", 0)]) == [Job("c1", ("o1", "o2"))]
    assert decide("planner", opposite, [courier("c1", 0), courier("c2", 0)]) == [Job("c1", ("o1",)), Job("c2", ("o2",))]


def test_the_planner_bundles_up_to_three_of_one_restaurant() -> None:
    orders = [order(f"o{index}", "west", 1000) for index in range(4)] + [order("other", "east", 1000)]

    (job,) = decide("planner", orders, [courier("c1", 0)])

    assert len(job.orders) == 3
    assert "other" not in job.orders


def test_the_planner_saves_an_order_that_fits_into_the_shift_only_as_a_bundle() -> None:
    # Apart, o2's pickup would come after the shift: at 3, drop at 47, back at 89.
    orders = [order("o1", "west", 4000), order("o2", "west", -4000)]

    (job,) = decide("planner", orders, [courier("c1", 0, off=60)])

    assert set(job.orders) == {"o1", "o2"}


def test_a_trip_is_no_larger_than_the_bag() -> None:
    orders = [order(f"o{each}", "west", 3000 + each) for each in range(3)]
    small = Courier("c1", (0.0, 0.0), 0, 500, room=2)

    (job,) = decide("planner", orders, [small])

    assert len(job.orders) == 2


def test_the_planner_says_when_the_next_courier_must_leave() -> None:
    planner = POLICIES["planner"](0)
    assert planner.due_at() is None
    # Ten minutes of way and two at the counter, ready at 30.
    assert planner.decide(View(0, CITY, [order("o1", "west", 100, ready=30)], [courier("c1", 1000)])) == []
    assert planner.due_at() == 18
    assert planner.decide(View(18, CITY, [order("o1", "west", 100, ready=30)], [courier("c1", 1000)])) != []
    assert planner.due_at() is None


@every
def test_another_goes_on_from_what_one_remembers(name: str) -> None:
    """A worker that takes over decides what the first would have decided."""
    orders = [order(f"o{each}", "west" if each % 2 else "east", 400 * each, ready=5 * each) for each in range(8)]
    couriers = [courier(f"c{each}", 700 * each) for each in range(3)]
    one, other = POLICIES[name](0), POLICIES[name](0)
    views = [View(now, CITY, orders[: 2 + now], couriers) for now in range(4)]
    for view in views[:-1]:
        one.decide(view)

    other.recall(json.loads(json.dumps(one.memory())))

    assert other.decide(views[-1]) == one.decide(views[-1])
    assert other.memory() == one.memory()


def test_a_memory_of_nothing_known_is_harmless() -> None:
    planner = POLICIES["planner"](0)
    planner.recall(
        {"kept": {"gone": [["o9"]], "c1": [["o9"], ["o1", "o9"]]}, "demand": {"closed": 7}, "waited": ["o9"]}
    )

    assert planner.decide(View(0, CITY, [order("o1", "west", 100)], [courier("c1", 0)])) == [Job("c1", ("o1",))]


def test_what_is_remembered_does_not_grow_with_the_day() -> None:
    planner = POLICIES["planner"](0)
    for minute in range(40):
        planner.decide(View(minute, CITY, [order(f"o{minute}-{each}", "west", 100) for each in range(300)], []))

    memory = planner.memory()

    assert len(memory["waited"]) == 300
    assert sum(memory["demand"].values()) <= DEMAND_KEPT


def test_in_a_large_city_an_order_beyond_the_nearest_couriers_reach_finds_one_farther_away() -> None:
    """The first candidates of a restaurant are looked at alone, until none of them can."""
    tired = [courier(f"c{each:03}", 100, off=1) for each in range(FEW + 32)]

    assert decide("planner", [order("o1", "west", 100)], [*tired, courier("far", 5000)]) == [Job("far", ("o1",))]


def test_many_orders_at_once_are_matched_to_one_courier_each() -> None:
    orders = [order(f"o{each:02}", "west", 50.0 * each) for each in range(MANY + 10)]
    couriers = [courier(f"c{each:02}", 40.0 * each) for each in range(MANY + 10)]

    jobs = decide("planner", orders, couriers)

    assert sorted(each for job in jobs for each in job.orders) == [each.id for each in orders]
