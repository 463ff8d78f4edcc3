"""Some statements against the real queue and the real topic, in small; and nothing is left of them."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.comparison import playing
from config.comparison.drawing import scaling, who_got_what
from config.comparison.tasks import compare
from messaging import kafka
from messaging.comparison import keeping, statements
from messaging.comparison.notes import Notes
from messaging.comparison.order import overtaken
from messaging.comparison.run import choose, play
from messaging.comparison.stage import QUICK, Stage, began, remove_leftovers
from messaging.comparison.statements import Statement
from messaging.models import ComparisonRun
from messaging.names import full_queue, full_topic
from messaging.sqs.client import shared_client

SMALL = QUICK.__class__(messages=40, ordered=40, scaled=20, timed=4, poured=40, work=0.01, slow=0.5)


def left_behind() -> list[str]:
    """Queues and topics of this test's namespace."""
    queues = shared_client().list_queues(QueueNamePrefix=full_queue("compare-")).get("QueueUrls", [])
    with contextlib.closing(kafka.admin()) as admin:
        topics = [name for name in admin.list_topics() if name.startswith(full_topic("compare."))]
    return [*queues, *topics]


@pytest.fixture
def small(namespace: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(playing, "FULL", SMALL)
    monkeypatch.setattr(playing, "QUICK", SMALL)
    yield
    assert left_behind() == []


def run_command(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    code = 0
    try:
        call_command("compare", "--json", *arguments, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue() or "{}")


@pytest.mark.django_db
def test_each_receiver_gets_its_share_and_each_group_gets_all(small: None) -> None:
    code, report = run_command("--only", "who", "replay", "dedup")
    assert (code, report["ok"]) == (0, True)
    who = report["results"][0]
    (table,) = who["tables"]
    queue, topic = table["rows"]
    assert (queue[-1], topic[1:]) == (40, [40, 40, 40, 40, 160])
    picture = who_got_what(who["drawing"])
    assert picture is not None
    assert (len(picture.queue.dots), len(picture.topic.dots)) == (24, 4 * 24)
    assert [result["name"] for result in report["results"]] == ["who", "replay", "dedup"]
    # What the command found is what the page shows.
    assert set(keeping.latest()) == {"who", "replay", "dedup"}


@pytest.mark.django_db
def test_a_worker_plays_what_was_asked_for_and_a_repeat_plays_nothing(small: None) -> None:
    run = keeping.ask(["order"])
    compare(run=run.pk)
    compare(run=run.pk)
    run.refresh_from_db()
    [result] = run.results
    assert (result["name"], result["shown"], run.error) == ("order", True, "")
    (table,) = result["tables"]
    # Within a key neither a FIFO queue nor a topic lets anybody overtake.
    assert [row[1] for row in table["rows"][1:]] == [0, 0]


@pytest.mark.django_db
def test_a_statement_that_breaks_off_or_is_contradicted_is_not_shown_and_the_next_is(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(stage: Stage, notes: Notes) -> None:
        stage.queue("breaks", dead_after=2)
        stage.topic("breaks")
        raise ValueError("no soup")

    def otherwise(stage: Stage, notes: Notes) -> None:
        notes.kafka("nobody read it", held=False)

    def holds(stage: Stage, notes: Notes) -> None:
        notes.sqs("it held")

    made = tuple(Statement(show.__name__, "", show) for show in (breaks, otherwise, holds))
    monkeypatch.setattr(playing, "ALL", made)
    code, report = run_command()
    assert (code, report["ok"]) == (1, False)
    found = [(result["name"], result["shown"], result["failed"]) for result in report["results"]]
    assert found == [("breaks", False, "ValueError: no soup"), ("otherwise", False, ""), ("holds", True, "")]


@pytest.mark.django_db
def test_ctrl_c_removes_what_was_made_and_closes_the_run(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(stage: Stage, notes: Notes) -> None:
        stage.queue("interrupted", fifo=True)
        stage.topic("interrupted")
        raise KeyboardInterrupt

    monkeypatch.setattr(playing, "ALL", (Statement("interrupted", "", interrupted),))
    code, _ = run_command()
    assert code == 130
    [run] = ComparisonRun.objects.all()
    assert run.error == "broken off" and run.ended_at is not None


def test_what_a_killed_run_left_behind_is_removed_by_a_later_one(small: None) -> None:
    stage = Stage(SMALL)
    stage.queue("killed")
    stage.topic("killed")
    assert len(left_behind()) == 2
    remove_leftovers(stage.client, stage.admin)
    assert len(left_behind()) == 2, "it may still be running"
    remove_leftovers(stage.client, stage.admin, older=-60)
    stage.admin.close()


@pytest.mark.django_db
def test_without_a_broker_the_run_says_so(namespace: str, settings: Any) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS = ["127.0.0.1:1"]
    with pytest.raises(CommandError, match="no Kafka broker accepts a connection"):
        run_command("--only", "who")
    [run] = ComparisonRun.objects.all()
    assert run.error.startswith("Kafka: ") and run.ended_at is not None


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match=r"no statement is called soup: choose from .*who"):
        run_command("--only", "soup")
    assert [statement.name for statement in choose(["order", "who"])] == ["who", "order"]
    assert len({statement.name for statement in playing.ALL}) == len(playing.ALL) == len(statements.STATEMENTS) + 1


def test_nothing_is_made_where_nothing_is_played(small: None) -> None:
    assert list(play([], size=SMALL)) == []


@pytest.mark.parametrize(
    ("numbers", "count"), [([], 0), ([1, 2, 3], 0), ([2, 1, 3], 1), ([3, 1, 2], 2), ([1, 3, 2, 4, 0], 2)]
)
def test_overtaken_counts_those_that_come_after_a_later_one(numbers: list[int], count: int) -> None:
    assert overtaken(numbers) == count


def test_a_name_tells_when_its_run_began() -> None:
    assert began("forkroad-compare-65000000ab12-who", "forkroad-compare-") == 0x65000000
    assert began("forkroad-compare-soup", "forkroad-compare-") == float("inf")


def test_nothing_played_is_nothing_drawn() -> None:
    assert who_got_what({}) is None and scaling({}) is None
    lines = scaling({"parties": [1, 2], "receivers": [10.0, 20.0], "members": [10.0, 10.0]})
    assert lines is not None and lines.lines[0].name == "receivers of a queue"
