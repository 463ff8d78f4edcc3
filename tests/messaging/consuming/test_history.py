"""The model as of a moment, and of a window: from the stream, without a trace in the live group."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analytics.models import MinuteCount, OrderFact
from messaging.consuming.history import look_back
from messaging.consuming.positions import SCRATCH, live_number
from messaging.consuming.replay import CannotReplay
from messaging.models import DeadLetter, ParkedRecord, StoredOffset, StreamSequence
from tests.messaging.streams import NOON, Record, a_key, produce

from .running import make_topics, metrics, running, stored, wait_until_caught_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def at(minute: int) -> Any:
    return NOON + timedelta(minutes=minute)


def told() -> tuple[str, str]:
    """An order with a fact in each of the minutes 0, 10 and 20, and one that begins in minute 15."""
    make_topics(metrics())
    one, other = a_key(), a_key()
    produce(
        [
            Record(one, 1, time=at(0)),
            Record(one, 2, time=at(10)),
            Record(other, 1, time=at(15)),
            Record(one, 3, time=at(20)),
        ]
    )
    return one, other


def facts(**window: Any) -> dict[str, int]:
    rows = look_back(metrics(), **window).tables["analytics_orderfact"]
    return {str(row["order_id"]): row["sequence"] for row in rows}


def test_the_model_as_of_a_moment_holds_what_was_recorded_until_then() -> None:
    one, other = told()
    assert facts(until=at(-1)) == {}
    assert facts(until=at(10)) == {one: 2}
    assert facts(until=at(16)) == {one: 2, other: 1}
    assert facts(until=at(99)) == {one: 3, other: 1}


def test_a_window_counts_its_own_facts_only_and_what_went_before_is_no_gap() -> None:
    one, other = told()
    history = look_back(metrics(), since=at(5), until=at(15))
    assert history.progress.events == 2
    assert sum(row["orders"] for row in history.tables["analytics_minutecount"]) == 2
    assert {str(row["order_id"]) for row in history.tables["analytics_orderfact"]} == {one, other}


def test_records_sent_before_the_window_are_not_even_read() -> None:
    told()
    assert look_back(metrics(), since=at(60 * 24 * 36500)).progress.read == 0


def test_it_leaves_the_live_group_and_the_tables_as_they_were() -> None:
    told()
    with running(metrics()):
        wait_until_caught_up(metrics())
        before = stored(), sorted(OrderFact.objects.values_list("id", "sequence"))
        facts(until=at(10))
        assert (stored(), sorted(OrderFact.objects.values_list("id", "sequence"))) == before
    assert live_number("metrics") == 1
    for model in (StoredOffset, StreamSequence, OrderFact, MinuteCount):
        assert not model.objects.filter(generation=SCRATCH).exists()
    assert not ParkedRecord.objects.exists() and not DeadLetter.objects.exists()


def test_a_group_with_outside_effects_refuses() -> None:
    with pytest.raises(CannotReplay, match="outside its tables"):
        look_back(metrics(replayable=False), until=at(0))


def test_the_command_answers_in_json_and_for_people() -> None:
    one, _ = told()
    out = io.StringIO()
    call_command("replay", "metrics", "--to", at(10).isoformat(), "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["counts"]["analytics_orderfact"] == 1
    assert [row["order_id"] for row in answer["tables"]["analytics_orderfact"]] == [one]
    out = io.StringIO()
    call_command("replay", "metrics", "--from", "2026-05-04T12:05", "--rows", "1", stdout=out)
    assert "analytics_orderfact: 2 rows" in out.getvalue() and "nothing was changed" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--to", "yesterday"), "is no time"),
        (("--to", "2026-05-04", "--dry-run"), "whole model"),
        (("--from", "2026-05-05", "--to", "2026-05-04"), "after"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("replay", "metrics", *arguments)
