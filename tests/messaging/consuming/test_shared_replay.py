"""Several groups are rebuilt from one reading: each as if alone, whatever becomes of the others."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import pytest
from django.core.management import CommandError, call_command
from kafka.errors import KafkaError

from analytics.models import MinuteCount, OrderFact, OrderLife
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.failures import Retry
from messaging.consuming.group import get_group
from messaging.consuming.positions import known_sequences, live_number
from messaging.consuming.replay import CannotReplay, Progress, replay
from messaging.consuming.shared import Abandoned, replay_together
from messaging.envelope import Envelope
from messaging.models import StreamSequence
from tests.messaging.streams import Record, a_key, produce

from .running import make_topics, metrics, running, wait_until_caught_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def test_each_group_gets_what_it_holds_while_it_runs_on() -> None:
    group, other = metrics(), get_group("dashboard")
    make_topics(other)
    keys = [a_key() for _ in range(20)]
    produce([Record(key, n) for n in (1, 2, 3) for key in keys])
    with running(group), running(other):
        wait_until_caught_up(group)
        wait_until_caught_up(other)
        seen: set[str] = set()
        outcomes = replay_together([group, other], report=lambda one, _: seen.add(one.name))
        produce([Record(key, 4) for key in keys])
        wait_until_caught_up(group)
        wait_until_caught_up(other)
    for one in (group, other):
        progress = outcomes[one.name]
        assert isinstance(progress, Progress) and progress.events == 60 and progress.seconds > 0
        assert live_number(one.name) == 2
        assert rebuild_and_compare(one) == []
    assert seen == {"metrics", "dashboard"}
    assert OrderFact.objects.count() == OrderLife.objects.count() == 20


def test_a_group_that_fails_keeps_its_model_and_does_not_keep_the_others() -> None:
    def fail(events: Sequence[Envelope], *, generation: int) -> None:
        raise CannotReplay("out of order")

    group, broken = metrics(), dataclasses.replace(get_group("dashboard"), handler=fail)
    make_topics(broken)
    produce([Record(a_key()) for _ in range(5)])
    outcomes = replay_together([broken, group])
    # Every event is found to be the culprit and is left out: a handler that always fails has an empty model.
    assert isinstance(outcomes["metrics"], Progress)
    assert live_number("metrics") == 2 and OrderFact.objects.filter(generation=2).count() == 5

    refuses = dataclasses.replace(broken, replayable=False)
    outcomes = replay_together([refuses, group])
    assert isinstance(outcomes["dashboard"], CannotReplay) and isinstance(outcomes["metrics"], Progress)
    assert live_number("metrics") == 3


def test_when_the_topics_cannot_be_read_on_every_group_keeps_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    group = metrics()
    make_topics(group)
    produce([Record(a_key()) for _ in range(5)])
    with running(group):
        wait_until_caught_up(group)

    def lost(*_: object, **__: object) -> None:
        raise KafkaError("gone")

    monkeypatch.setattr("messaging.consuming.shared.TopicReader.poll", lost)
    outcomes = replay_together([group])
    assert isinstance(outcomes["metrics"], Abandoned) and "gone" in str(outcomes["metrics"])
    assert live_number("metrics") == 1 and OrderFact.objects.filter(generation=1).count() == 5


def test_the_command_wants_names_or_all() -> None:
    for arguments in ([], ["metrics", "--all"]):
        with pytest.raises(CommandError, match="name the groups"):
            call_command("replay", *arguments)
    with pytest.raises(CommandError, match="one group at a time"):
        call_command("replay", "metrics", "audit", "--dry-run")
    with pytest.raises(CommandError, match="no consumer group 'metric'"):
        call_command("replay", "metric", "audit")


def test_a_batch_that_has_to_come_again_has_its_effect_once() -> None:
    """Sequences are held in memory, the effects are in PostgreSQL: a rollback takes back both, a commit neither."""
    calls = threading.local()

    def now_and_then(events: Sequence[Envelope], *, generation: int) -> None:
        metrics().handler(events, generation=generation)
        calls.number = getattr(calls, "number", 0) + 1
        if calls.number % 2:
            raise Retry("not now")

    group = metrics(handler=now_and_then, batch=10)
    make_topics(group)
    keys = [a_key() for _ in range(10)]
    produce([Record(key, n) for n in (1, 2, 2, 3, 1) for key in keys])
    progress = replay(group)
    assert progress.events == 30
    assert sum(MinuteCount.objects.values_list("orders", flat=True)) == 30
    number = live_number("metrics")
    assert known_sequences("metrics", number, "orders.events", keys) == dict.fromkeys(keys, 3)
    assert not StreamSequence.objects.exclude(generation=number).exists()
