"""Replay and evaluator on the project's own instance: rules kept, and each kind of breach refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.mdrp.evaluator import evaluate
from benchmarks.mdrp.instance import InstanceError, read_instance
from benchmarks.mdrp.replay import DecisionError, replay
from benchmarks.mdrp.solution import ASSIGNMENTS, COURIERS, ORDERS, write_solution
from delivery.planning import POLICIES, Job, View
from delivery.planning.policies import Forgetful

TINY = Path(__file__).resolve().parent.parent / "instances" / "tiny"

every = pytest.mark.parametrize("policy", sorted(POLICIES))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A sound solution."""
    instance = read_instance(TINY)
    write_solution(instance, replay(instance, POLICIES["planner"](0)), tmp_path)
    return tmp_path


@every
def test_the_own_instance_is_played_with_nothing_undelivered(policy: str, tmp_path: Path) -> None:
    instance = read_instance(TINY)
    write_solution(instance, replay(instance, POLICIES[policy](0)), tmp_path)

    verdict = evaluate(TINY, tmp_path)

    assert verdict.violations == []
    assert verdict.figures is not None
    assert (verdict.figures.orders, verdict.figures.undelivered, verdict.figures.over_maximum) == (12, 0, 0)


@every
def test_the_same_seed_decides_the_same(policy: str) -> None:
    instance = read_instance(TINY)

    assert replay(instance, POLICIES[policy](7)).jobs == replay(instance, POLICIES[policy](7)).jobs


@every
@pytest.mark.parametrize("minute", [10, 20, 30, 40])
def test_what_is_placed_later_changes_no_decision_before(policy: str, minute: float) -> None:
    instance = read_instance(TINY)
    known = tuple(order for order in instance.orders if order.placed_at <= minute)

    whole = replay(instance, POLICIES[policy](0)).jobs
    cut = replay(replace(instance, orders=known), POLICIES[policy](0)).jobs

    assert known != instance.orders
    assert [job for job in cut if job.assigned_at <= minute] == [job for job in whole if job.assigned_at <= minute]


def edit(folder: Path, file: str, pattern: str, becomes: str | Callable[[re.Match[str]], str]) -> None:
    text = (folder / file).read_text()
    changed, count = re.subn(pattern, becomes, text, count=1, flags=re.MULTILINE)
    assert count == 1
    (folder / file).write_text(changed)


def plus(group: int, minutes: int) -> Callable[[re.Match[str]], str]:
    """Shift the number in that group."""

    def shifted(found: re.Match[str]) -> str:
        groups = list(found.groups())
        groups[group - 1] = str(int(groups[group - 1]) + minutes)
        return " ".join(groups)

    return shifted


@pytest.mark.parametrize(
    ("file", "pattern", "becomes", "complaint"),
    [
        (ASSIGNMENTS, r"^(\d+) (\d+) (c\d) (.*)$", plus(1, -30), "assigned before its placement"),
        (ASSIGNMENTS, r"^(\d+) (\d+) (c\d) (.*)$", plus(1, 1), "is assigned only at"),
        (ASSIGNMENTS, r"^(\d+) (\d+) (c\d) (.*)$", plus(2, -1), "picks up at"),
        (ASSIGNMENTS, r"^(\d+ \d+ c\d o2)$", r"\1 o1", "assigned more than once"),
        (ASSIGNMENTS, r"^(\d+ \d+ c\d o2)$", r"\1 o99", "order o99 is not of the instance"),
        (ASSIGNMENTS, r"^(\d+ \d+) c\d (o2)$", r"\1 c99 \2", "courier c99 is not of the instance"),
        (ASSIGNMENTS, r"^\d+ \d+ c\d o2\n", "", "moves, must make|moves without an assignment"),
        (COURIERS, r"^(c\d) (\d+) (r\d) (o2)$", plus(2, -1), "leaves r1 at"),
        (COURIERS, r"^(c\d) (\d+) (c\d) (r\d)$", plus(2, -30), "is free or on shift only at"),
        (COURIERS, r"^(c\d \d+) c\d (r\d)$", r"\1 r3 \2", "must go"),
        (COURIERS, r"^c\d \d+ r1 o2\n", "", "moves, must make"),
        (COURIERS, r"^(c\d \d+ r1) o2$", r"\1 nowhere", "place nowhere is not of the instance"),
        (ORDERS, r"^(o1) (\d+) (\d+) (\d+) (\d+) (c\d)$", plus(5, -1), "order o1 is stated as"),
        (ORDERS, r"^(o1) (\d+) (\d+) (\d+) (\d+) (c\d)$", plus(2, 1), "other placement or ready times"),
        (ORDERS, r"^(o1 \d+ \d+ \d+ \d+) c\d$", r"\1 c99", "order o1 is stated as"),
        (ORDERS, r"^o1 .*\n", "", "order o1 is missing"),
    ],
)
def test_a_breach_is_refused(
    written: Path, file: str, pattern: str, becomes: str | Callable[[re.Match[str]], str], complaint: str
) -> None:
    assert evaluate(TINY, written).violations == []

    edit(written, file, pattern, becomes)

    verdict = evaluate(TINY, written)
    assert verdict.figures is None
    assert any(re.search(complaint, each) for each in verdict.violations), verdict.violations


def hand_made(folder: Path, *, off_time: int) -> tuple[Path, Path]:
    """One courier and two orders of two restaurants, in one bundle or apart; 100 metres a minute."""
    instance, solution = folder / "instance", folder / "solution"
    instance.mkdir()
    solution.mkdir()
    names = "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door"
    names += "\tmaximum click-to-door\tpay per order\tguaranteed pay per hour"
    (instance / "instance_parameters.txt").write_text(f"{names}\n100\t4\t4\t40\t90\t10\t15\n")
    (instance / "couriers.txt").write_text(f"courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t{off_time}\n")
    (instance / "restaurants.txt").write_text("restaurant\tx\ty\nr1\t0\t0\nr2\t1000\t0\n")
    orders = "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t1000\t0\t0\tr1\t5\no2\t0\t0\t1\tr2\t9\n"
    (instance / "orders.txt").write_text(orders)
    # Pickup at 5; door at 17, handed over at 19, free at 21; at r2 at once, pickup at 23; drop at 37.
    (solution / ASSIGNMENTS).write_text("assignment_time pickup_time courier order_list\n3 5 c1 o1\n21 23 c1 o2\n")
    moves = ["courier departure_time origin destination", "c1 3 c1 r1", "c1 7 r1 o1", "c1 21 o1 r2", "c1 25 r2 o2"]
    (solution / COURIERS).write_text("\n".join(moves) + "\n")
    lines = ["order placement_time ready_time pickup_time dropoff_time courier", "o1 0 5 5 19 c1", "o2 1 9 23 37 c1"]
    (solution / ORDERS).write_text("\n".join(lines) + "\n")
    return instance, solution


def test_figures_of_a_solution_worked_out_by_hand(tmp_path: Path) -> None:
    verdict = evaluate(*hand_made(tmp_path, off_time=23))

    assert verdict.violations == []
    assert verdict.figures is not None
    assert verdict.figures.click_to_door == (19 + 36) / 2
    assert verdict.figures.click_to_door_p90 == pytest.approx(19 + 0.9 * 17)
    assert verdict.figures.ready_to_pickup == (0 + 14) / 2
    assert verdict.figures.orders_per_bundle == 1


def test_a_pickup_after_the_shift_is_refused(tmp_path: Path) -> None:
    assert evaluate(*hand_made(tmp_path, off_time=22)).violations == ["courier c1 picks up at 23, after their shift"]


def test_a_bundle_of_two_restaurants_is_refused(tmp_path: Path) -> None:
    instance, solution = hand_made(tmp_path, off_time=100)
    edit(solution, ASSIGNMENTS, r"^3 5 c1 o1\n.*\n", "3 9 c1 o1 o2\n")
    edit(solution, COURIERS, r"^c1 25 .*\n", "")

    assert "orders o1 o2 are of more than one restaurant" in evaluate(instance, solution).violations


def test_an_undelivered_order_is_counted_and_left_out_of_the_means(tmp_path: Path) -> None:
    instance, solution = hand_made(tmp_path, off_time=100)
    edit(solution, ASSIGNMENTS, r"^21 .*\n", "")
    edit(solution, COURIERS, r"^c1 21 .*\nc1 25 .*\n", "")
    edit(solution, ORDERS, r"^o2 .*$", "o2 1 9 NaN NaN NaN")

    figures = evaluate(instance, solution).figures

    assert figures is not None
    assert (figures.undelivered, figures.click_to_door) == (1, 19)


class Foolish(Forgetful):
    def __init__(self, *jobs: Job) -> None:
        self.jobs = list(jobs)

    def decide(self, view: View) -> list[Job]:
        return self.jobs


@pytest.mark.parametrize(
    ("jobs", "complaint"),
    [
        ([Job("c99", ("o2",))], "courier c99 is not free"),
        ([Job("c5", ("o2",))], "courier c5 is not free"),
        ([Job("c1", ("o2",)), Job("c1", ("o2",))], "courier c1 is not free|do not all wait"),
        ([Job("c1", ("o3",))], "do not all wait"),
        ([Job("c1", ())], "do not all wait"),
    ],
)
def test_a_decision_that_cannot_be_driven_is_refused(jobs: list[Job], complaint: str) -> None:
    with pytest.raises(DecisionError, match=complaint):
        replay(read_instance(TINY), Foolish(*jobs))


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("orders.txt", None, "orders.txt: the file is missing"),
        ("orders.txt", "order\tx\n", "orders.txt, line 1: must name"),
        ("couriers.txt", "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t9\t9\n", "line 2: off_time must be after"),
        ("restaurants.txt", "restaurant\tx\ty\nr1\tnear\t0\n", "line 2: x must be a number, not 'near'"),
    ],
)
def test_what_is_no_instance_is_refused_by_file_and_line(
    tmp_path: Path, file: str, text: str | None, complaint: str
) -> None:
    for each in TINY.iterdir():
        (tmp_path / each.name).write_text(each.read_text())
    if text is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(text)

    with pytest.raises(InstanceError, match=re.escape(complaint)):
        read_instance(tmp_path)
