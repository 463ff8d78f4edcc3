"""The benchmark as a command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.dispatch import Played as PlayedInstance
from benchmarks.dispatch import main, means, measures
from benchmarks.mdrp.evaluator import Figures, evaluate
from benchmarks.mdrp.harder import hopeless, write_harder
from benchmarks.mdrp.instance import read_instance

TINY = Path(__file__).resolve().parent.parent / "instances" / "tiny"


def played(instance: str, *, click_to_door: float, undelivered: int = 0) -> PlayedInstance:
    figures = Figures(500, undelivered, click_to_door, 44.0, 80.0, 0, 2.0, 1.05)
    return PlayedInstance(instance, figures, 3.0, 9.0)


def test_a_table_and_a_solution_come_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TINY), "--write-solution", str(tmp_path)]) == 0

    assert "policy planner" in capsys.readouterr().out
    assert evaluate(TINY, tmp_path).violations == []


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TINY), "--json", "--policy", "linear"]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    keys = {"benchmark", "measure", "unit", "ours", "rivals", "ratios", "target", "met"}
    assert all(set(line) == keys for line in lines)
    assert lines[0] == {
        "benchmark": "dispatch",
        "measure": "tiny: undelivered",
        "unit": "orders",
        "ours": 0,
        "rivals": {},
        "ratios": {},
        "target": 0,
        "met": True,
    }


def test_figures_stand_beside_the_published_ones() -> None:
    lines = {str(line["measure"]): line for line in measures(played("1o100t100s1p100", click_to_door=30.1))}

    door = lines["1o100t100s1p100: click-to-door mean"]
    assert door["rivals"] == {"FoodMatch": 32.13, "linear assignment": 32.58}
    assert door["ratios"] == {"FoodMatch": 0.9368, "linear assignment": 0.9239}
    assert (door["target"], door["met"]) == (30.1, True)
    assert lines["1o100t100s1p100: undelivered"]["rivals"] == {"FoodMatch": 0, "linear assignment": 33}


def test_a_missed_target_is_said() -> None:
    lines = measures(played("1o100t100s1p100", click_to_door=30.2, undelivered=1))

    assert [line["met"] for line in lines[:2]] == [False, False]


def test_the_mean_names_only_rivals_known_everywhere() -> None:
    both = [played("0o50t100s1p100", click_to_door=30.0), played("1o100t100s1p100", click_to_door=31.0)]

    door = means(both)[1]

    assert door["ours"] == 30.5
    assert door["rivals"] == {"FoodMatch": pytest.approx(31.91), "linear assignment": pytest.approx(32.15)}


@pytest.mark.parametrize("arguments", [["/no/such/folder"], []])
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    assert capsys.readouterr().err.strip().startswith(("/no/such/folder: no such folder", "name at least one"))


def test_harder_variants_are_played_by_the_same_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    variants = {each.name: read_instance(each) for each in write_harder(TINY, tmp_path)}

    assert {name: (len(each.orders), len(each.couriers)) for name, each in variants.items()} == {
        "tiny-two-thirds-couriers": (12, 3),
        "tiny-half-as-many-orders-again": (18, 5),
        "tiny-in-three-quarters-of-the-time": (12, 5),
    }
    assert main([str(TINY), "--harder"]) == 0
    assert "tiny-two-thirds-couriers" in capsys.readouterr().out


def test_an_order_that_no_shift_reaches_is_not_held_against_a_policy() -> None:
    instance = read_instance(TINY)
    order = replace(instance.orders[0], id="late", ready_at=10_000)

    assert (hopeless(instance), hopeless(replace(instance, orders=(*instance.orders, order)))) == (0, 1)
