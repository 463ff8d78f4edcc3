"""Six answers, one road; and what the page names in this code base is there."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import psutil
import pytest

from config.comparison.choosing import BOTH, KAFKA, NEITHER, PLACES, QUESTIONS, SQS, Place, advise, read
from config.comparison.costs import CODE, PARTS, costs, lines_of
from config.comparison.running import memory_by_road
from config.comparison.troubles import TROUBLES, Trouble
from config.embedded.parts import Options, parts
from tests.test_docs import GUIDE, ROOT, anchors, defined_in

MODULE = '''\
"""A docstring

of three lines."""

# A comment.
x = 1  # And one.
y = """a
b"""


def f():
    "A docstring."
'''
NAMES = [question.name for question in QUESTIONS]


def answers(text: str) -> dict[str, str]:
    """Six words in the questions' own order."""
    return dict(zip(NAMES, text.split(), strict=True))


@pytest.mark.parametrize(
    ("given", "road", "form"),
    [
        # who runs much again soon order
        ("one rented few never now none", SQS, "a standard queue"),
        ("one rented many never later none", SQS, "a standard queue"),
        ("one rented few never now key", SQS, "a FIFO queue"),
        ("one people flood never now none", SQS, "a standard queue"),
        ("one people flood never now key", KAFKA, "a topic with many partitions, one group"),
        ("one nobody few never now none", NEITHER, "a table, read with SKIP LOCKED"),
        ("one nobody flood never now none", SQS, "a standard queue"),
        ("one rented few ever now none", BOTH, "the work on a queue, what came of it on a topic"),
        ("all people many ever now key", KAFKA, "a topic and a group for each reader"),
        ("all people few never now none", KAFKA, "a topic and a group for each reader"),
        ("all rented few never now none", SQS, "a queue for each reader, SNS before them"),
        ("all rented flood never now none", KAFKA, "a topic and a group for each reader"),
        ("all rented few days now none", KAFKA, "a topic and a group for each reader"),
        ("act people many ever now key", BOTH, "an outbox, a queue and a topic"),
        ("act rented few never now none", BOTH, "an outbox, a queue and a topic"),
        ("act nobody few never now none", NEITHER, "a table, read with SKIP LOCKED"),
        ("own rented few ever later key", NEITHER, "a table and a worker behind it"),
        ("own people flood ever now key", KAFKA, "a topic and a group for each reader"),
    ],
)
def test_the_road_for_six_answers(given: str, road: str, form: str) -> None:
    advice = advise(answers(given))
    assert (advice.road, advice.form) == (road, form)


def test_every_combination_has_a_road_with_reasons_and_places() -> None:
    choices = [[answer.value for answer in question.answers] for question in QUESTIONS]
    for chosen in itertools.product(*choices):
        advice = advise(dict(zip(NAMES, chosen, strict=True)))
        assert advice.reasons and advice.places == PLACES[advice.road], chosen


def test_what_the_answers_ask_for_is_said() -> None:
    delayed = advise(answers("one rented few never later none"))
    assert "A queue delays by itself, and brings back later what failed; a log does neither." in delayed.reasons
    late_on_kafka = advise(answers("all people many ever later total"))
    assert "Kafka has no delay: keep the deadline in a table, or a topic for each delay." in late_on_kafka.mind
    assert "Order over everything means one partition, and one reader at a time." in late_on_kafka.mind
    for given in ("one rented few never now none", "all people many ever now key", "act people many ever now key"):
        assert (
            "It may come twice: a unique index or a stored offset makes its effect single."
            in advise(answers(given)).mind
        )


def test_answers_that_were_not_offered_do_not_count() -> None:
    assert read({"who": "one", "runs": "everybody", "colour": "blue"}) == {"who": "one"}
    with pytest.raises(KeyError):
        advise({"who": "one"})


@pytest.mark.parametrize("place", [*itertools.chain(*PLACES.values())], ids=lambda place: place.what)
def test_places_exist(place: Place) -> None:
    assert (ROOT / place.module).is_file()
    assert set(place.names) <= defined_in(ROOT / place.module)
    assert (GUIDE / place.chapter).is_file()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.section)
def test_what_went_wrong_is_told_and_shown(trouble: Trouble) -> None:
    file, name = trouble.test
    assert trouble.section in anchors(GUIDE / "what-goes-wrong.md")
    assert name in defined_in(ROOT / "tests" / file)


def test_costs_are_counted_in_what_is_there() -> None:
    assert set(PARTS) <= {part.name for part in parts(Options(port=0))}
    assert [name for names in CODE.values() for name in names if not (ROOT / name).exists()] == []
    counted = {cost.road: cost for cost in costs()}
    assert counted["SQS"].processes[0] == "sqs (server)" and "worker-payments" in counted["SQS"].processes
    assert counted["Kafka"].processes[0] == "kafka (server)" and "consume" in counted["Kafka"].processes
    assert counted["both"].processes == ("relay",)
    assert all(cost.lines > 100 and cost.settings > 0 for cost in counted.values())


def test_a_line_of_code_holds_code(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(MODULE)
    assert lines_of(module) == 4


def test_the_memory_of_a_road_is_that_of_its_processes(tmp_path: Path) -> None:
    assert memory_by_road(tmp_path) == {}
    (tmp_path / "run").mkdir()
    myself = psutil.Process()
    noted = {"pid": myself.pid, "started": myself.create_time()}
    (tmp_path / "run" / "consume.pid").write_text(json.dumps(noted))
    # Whoever has this number now is not the process that was noted.
    (tmp_path / "run" / "relay.pid").write_text(json.dumps(noted | {"started": 1.0}))
    found = memory_by_road(tmp_path)
    assert found["Kafka"] > 2**20 and (found["SQS"], found["both"]) == (0, 0)
