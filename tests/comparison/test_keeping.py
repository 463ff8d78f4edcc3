"""Runs are written down, one at a time is open, and one whose player is lost holds up nobody for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from messaging.comparison import keeping
from messaging.comparison.notes import Notes, Result
from messaging.models import ComparisonRun, OutboxRow

pytestmark = pytest.mark.django_db


def a_result(name: str = "who", *, held: bool = True) -> Result:
    notes = Notes()
    notes.sqs("200 of 200", held=held)
    return Result(name, "A statement.", notes, 1.25)


def grow_silent(run: ComparisonRun, **fields: object) -> None:
    ComparisonRun.objects.filter(pk=run.pk).update(**fields)


def test_asking_owes_a_worker_one_command_and_a_second_time_nothing() -> None:
    run = keeping.ask(["who"])
    with pytest.raises(keeping.AlreadyOpen, match="wait until it has ended"):
        keeping.ask(["who"])
    with pytest.raises(keeping.AlreadyOpen):
        keeping.begin(["who"], quick=False)
    [row] = OutboxRow.objects.all()
    assert (row.destination, row.type, bytes(row.payload)) == ("alerts", "alerts.compare", b'{"run":%d}' % run.pk)
    assert run.quick and keeping.open_run() == run


def test_a_run_is_taken_once_and_a_repeat_waits_then_finds_it_ended() -> None:
    asked = keeping.ask(["who", "order"])
    run = keeping.take(asked.pk)
    assert run is not None and run.current == "who"
    with pytest.raises(keeping.NotYet):
        keeping.take(asked.pk)
    keeping.note(run, a_result())
    run.refresh_from_db()
    assert run.current == "order"
    keeping.end(run)
    assert keeping.take(asked.pk) is None and keeping.open_run() is None
    assert keeping.latest()["who"]["seconds"] == 1.25


def test_a_run_that_lost_its_player_is_played_by_another_and_the_first_writes_no_more() -> None:
    first = keeping.begin(["who"], quick=True)
    grow_silent(first, seen_at=Now() - timedelta(hours=1), begun_at=Now() - timedelta(hours=1))
    first.refresh_from_db()
    second = keeping.take(first.pk)
    assert second is not None
    keeping.note(first, a_result(held=False))
    keeping.end(first, error="late")
    second.refresh_from_db()
    assert (second.results, second.ended_at, second.error) == ([], None, "")


def test_what_is_lost_makes_room() -> None:
    lost = keeping.ask(["who"])
    grow_silent(lost, asked_at=Now() - timedelta(hours=1))
    assert keeping.open_run() is None
    new = keeping.begin(["who"], quick=False)
    lost.refresh_from_db()
    assert lost.error == "its player was lost" and keeping.open_run() == new


def test_the_newest_result_of_each_statement_counts_and_old_runs_go() -> None:
    for number in range(keeping.KEPT + 2):
        run = keeping.begin(["who"], quick=True)
        keeping.note(run, a_result("order" if number == keeping.KEPT else "who", held=number % 2 == 1))
        keeping.end(run)
    found = keeping.latest()
    assert (found["who"]["shown"], found["order"]["shown"]) == (True, False)
    assert ComparisonRun.objects.count() == keeping.KEPT


def test_a_statement_is_shown_when_something_was_seen_and_all_of_it_held() -> None:
    assert a_result().shown
    assert not a_result(held=False).shown
    assert not Result("who", "", Notes(), 1.0).shown
    notes = Notes()
    notes.kafka("seen")
    assert not Result("who", "", notes, 1.0, failed="ValueError: x").shown
