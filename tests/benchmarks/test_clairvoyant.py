"""A plan that knew the day, and the reasons why the played day lost an order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.dispatch import main
from benchmarks.mdrp.clairvoyant import foresee
from benchmarks.mdrp.evaluator import evaluate
from benchmarks.mdrp.instance import Instance, read_instance
from benchmarks.mdrp.lost import ALSO, CROWDED, OVERTAKEN, TOO_LATE, compare
from benchmarks.mdrp.replay import Driven, Solution, replay
from benchmarks.mdrp.solution import write_solution
from delivery.planning import POLICIES, City, Courier, Order

TINY = Path(__file__).resolve().parent.parent / "instances" / "tiny"
CITY = City(100.0, 4.0, 4.0, 90.0, {"r1": (0.0, 0.0)})
FAR, NEAR = (3000.0, 0.0), (100.0, 0.0)


def day(*orders: Order, off_at: float = 60) -> Instance:
    return Instance("made", CITY, orders, (Courier("c1", (0.0, 0.0), 0, off_at),))


def test_an_order_that_came_after_the_courier_had_left_is_saved_by_knowing() -> None:
    # The far one first: free at 38, back at 68, after the shift. Waiting for the near one serves both.
    instance = day(Order("far", "r1", FAR, 0, 0), Order("near", "r1", NEAR, 5, 5))
    played = replay(instance, POLICIES["planner"](0))

    comparison = compare(instance, played, foresee(instance, played, seed=0, tries=30))

    (lost,) = comparison.lost
    assert (lost.order, lost.took, lost.until, lost.reason) == ("near", None, None, TOO_LATE)
    assert lost.foreseen == 12 - 5
    assert (comparison.foreseen, comparison.instead, comparison.saved) == (0, 0, 1)


def test_an_order_that_no_plan_saves_is_told_apart() -> None:
    instance = day(Order("far", "r1", FAR, 0, 0), Order("near", "r1", NEAR, 5, 61))
    played = replay(instance, POLICIES["planner"](0))

    comparison = compare(instance, played, foresee(instance, played, seed=0, tries=30))

    assert [(lost.order, lost.reason, lost.until) for lost in comparison.lost] == [("near", ALSO, None)]
    assert (comparison.foreseen, comparison.instead, comparison.saved) == (1, 0, 0)


def test_an_order_saved_at_anothers_cost_is_no_gain() -> None:
    # The near one can be had at 59 only: with the far one in the same bundle, which then comes after the maximum.
    instance = day(Order("far", "r1", FAR, 0, 0), Order("near", "r1", NEAR, 5, 59))
    played = replay(instance, POLICIES["planner"](0))

    comparison = compare(instance, played, foresee(instance, played, seed=0, tries=30))

    assert [lost.order for lost in comparison.lost] == ["near"]
    assert (comparison.foreseen, comparison.instead, comparison.saved) == (1, 1, 0)


@pytest.mark.parametrize(("placed_at", "reason", "overtaken"), [(0, OVERTAKEN, 1), (2, CROWDED, 0)])
def test_an_order_that_waited_is_told_from_one_that_was_overtaken(
    placed_at: float, reason: str, overtaken: int
) -> None:
    instance = day(Order("lost", "r1", NEAR, placed_at, 3), Order("other", "r1", FAR, 1, 1))
    played = Solution([Driven("c1", ("other",), 2, 4, (38,))])
    foreseen = Solution([Driven("c1", ("lost", "other"), 2, 4, (9, 40))])

    (lost,) = compare(instance, played, foreseen).lost

    assert (lost.until, lost.reason, lost.overtaken) == (2, reason, overtaken)


def test_what_knew_the_day_keeps_the_rules_and_is_never_worse(tmp_path: Path) -> None:
    instance = read_instance(TINY)
    squeezed = replace(instance, couriers=instance.couriers[:1])
    played = replay(squeezed, POLICIES["nearest_first"](0))

    foreseen = foresee(squeezed, played, seed=0, tries=60)

    write_solution(squeezed, foreseen, tmp_path)
    assert evaluate(TINY, tmp_path).violations == []
    comparison = compare(squeezed, played, foreseen)
    assert comparison.foreseen <= len(comparison.lost)


def test_the_command_tells_each_lost_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TINY), "--clairvoyant", "10"]) == 0

    assert "lost 0; with the whole day known 0" in capsys.readouterr().out
