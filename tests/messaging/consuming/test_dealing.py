"""A rebuild of many groups in several processes: dealt out by weight, and whatever fails in one is said by all."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from analytics.models import ItemCount, OrderFact
from messaging.consuming.dealing import deal
from messaging.consuming.group import Group, get_group
from messaging.consuming.positions import live_number
from tests.messaging.streams import Record, a_key, produce
from tests.system import ROOT, child_environment

from .running import make_topics, metrics

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def weighing(*weights: int) -> list[Group]:
    return [dataclasses.replace(metrics(), name=f"g{number}", weight=weight) for number, weight in enumerate(weights)]


@pytest.mark.parametrize(
    ("weights", "processes", "dealt"),
    [
        ((1, 4, 1, 1), 2, [["g1"], ["g0", "g2", "g3"]]),
        ((1, 1, 1), 2, [["g0", "g2"], ["g1"]]),
        ((1, 1), 1, [["g0", "g1"]]),
        ((1, 1), 5, [["g0"], ["g1"]]),
        ((2,), 0, [["g0"]]),
    ],
)
def test_groups_are_dealt_out_by_weight(weights: tuple[int, ...], processes: int, dealt: list[list[str]]) -> None:
    shares = deal(weighing(*weights), processes)
    assert [[group.name for group in share] for share in shares] == dealt


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "replay", *arguments, "--processes", "2", "--json"]
    return subprocess.run(command, cwd=ROOT, env=child_environment(), capture_output=True, text=True, timeout=120)


def test_every_process_rebuilds_its_groups_and_one_that_fails_fails_the_command() -> None:
    make_topics(get_group("metrics"))
    produce([Record(a_key()) for _ in range(6)])

    done = run("metrics", "recommendations")
    assert done.returncode == 0, done.stderr
    assert {line["group"]: line["events"] for line in map(json.loads, done.stdout.splitlines())} == {
        "metrics": 6,
        "recommendations": 6,
    }
    assert (live_number("metrics"), live_number("recommendations")) == (2, 2)
    assert OrderFact.objects.filter(generation=2).count() == 6 and not ItemCount.objects.exists()

    # The first name is heavier or comes first: it is the process's own. The other is another's, and it refuses.
    refused = run("metrics", "promises")
    assert refused.returncode != 0 and "promises has effects outside its tables" in refused.stderr
    assert (live_number("metrics"), live_number("promises")) == (3, 1)
