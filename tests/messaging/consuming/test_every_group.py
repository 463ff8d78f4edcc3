"""Every group there is: none notices what becomes of another, and a replay gives what the live model holds."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from analytics.compliance.selectors import numbers
from messaging import kafka
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import Group, all_groups
from messaging.consuming.positions import live_number
from messaging.consuming.replay import CannotReplay, replay
from messaging.consuming.shared import replay_together
from messaging.envelope import Envelope
from messaging.models import DeadLetter, Generation, ParkedRecord, StoredOffset, StreamSequence
from messaging.names import full_topic
from messaging.topology import topics
from tests import story
from tests.market.market import model_of
from tests.messaging.streams import make_topic
from tests.waiting import wait_for

from .running import caught_up, running, side_by_side, wait_until_caught_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace", "city")]

#: A new group is added here once it passes.
REPLAYED = {
    "audit",
    "compliance",
    "dashboard",
    "fraud",
    "metrics",
    "monitoring",
    "preparation",
    "pricing",
    "recommendations",
}
#: With effects outside their tables, or with topics that forget sooner than they do.
REFUSED = {"behaviour", "followers", "notifications", "positions", "promises"}
#: Written every thousand entries.
EMPTY = {"AuditCheckpoint"}


@pytest.fixture
def city(namespace: str, settings: Any) -> None:
    """Every topic, and bounds that let fares move."""
    settings.SURCHARGE_BOUNDS = (0, 200)
    make_topic(*(topic.name for topic in topics()))


def tell(told: story.Told) -> None:
    """All of it, through one producer."""
    producer = kafka.producer()
    try:
        for topic, records in told.items():
            for record in records:
                headers, value = record.parts()
                producer.send(full_topic(topic), key=record.key.encode(), value=value, headers=headers)
        producer.flush(timeout=30)
    finally:
        kafka.discard(producer)


def models() -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    """The live model of each group that may be replayed."""
    return {group.name: model_of(group, live_number(group.name)) for group in all_groups() if group.replayable}


def read_all(groups: Sequence[Group]) -> None:
    for group in groups:
        wait_until_caught_up(group, within=60)


def test_a_replay_of_every_group_gives_what_its_live_model_holds() -> None:
    groups = all_groups()
    assert {group.name for group in groups if group.replayable} == REPLAYED
    assert {group.name for group in groups if not group.replayable} == REFUSED
    story.live("first")
    first = story.told(seed=1)
    story.live("second")
    second = story.told(seed=2)
    with side_by_side(groups):
        # Told in pieces, and one topic after the other: a replay reads them otherwise.
        for part in range(3):
            tell({topic: third(records, part) for topic, records in first.items()})
        tell(dict(reversed(second.items())))
        read_all(groups)
        before = models()
        assert {name: sorted(empty(model)) for name, model in before.items() if empty(model)} == {}
        for group in groups:
            if not group.replayable:
                with pytest.raises(CannotReplay):
                    replay(group)

        outcomes = replay_together([group for group in groups if group.replayable])

        assert [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)] == []
        after = models()
        for name, model in before.items():
            assert live_number(name) == 2
            assert after[name] == model, name
    for group in groups:
        if group.replayable:
            assert rebuild_and_compare(group) == [], group.name
    assert set(numbers()) == {"kept"}
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()


def third(records: list[Any], part: int) -> list[Any]:
    size = -(-len(records) // 3)
    return records[part * size : (part + 1) * size]


def empty(model: dict[str, list[tuple[Any, ...]]]) -> set[str]:
    return {table for table, found in model.items() if not found} - EMPTY


class Gate:
    """A handler that can be made to hang in the middle of its transaction."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def __call__(self, events: Sequence[Envelope], *, generation: int) -> None:
        if not self.open.is_set():
            self.entered.set()
            assert self.open.wait(120)
        self.group.handler(events, generation=generation)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        self.entered.clear()
        self.open.clear()
        try:
            yield
        finally:
            self.open.set()


def test_whichever_group_hangs_the_others_read_on_and_it_catches_up_alone() -> None:
    gates = {group.name: Gate(group) for group in all_groups()}
    groups = [dataclasses.replace(gate.group, handler=gate) for gate in gates.values()]
    with side_by_side(groups):
        for turn, group in enumerate(groups):
            others = [other for other in groups if other is not group]
            story.live(f"shop-{turn}")
            with gates[group.name].closed():
                # given: one that hangs, with its stored offset locked
                tell(story.told(seed=turn, seconds=2))
                wait_for(gates[group.name].entered.is_set, within=30, what=f"{group.name} to hang")
                # when, then: every other one reads all there is
                read_all(others)
                assert not caught_up(group)
            # and it catches up by itself
            wait_until_caught_up(group, within=60)
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()


def test_a_group_that_is_replayed_or_deleted_and_begun_anew_touches_no_others_model() -> None:
    # given: every model filled
    groups = [group for group in all_groups() if group.replayable]
    story.live()
    tell(story.told())
    with side_by_side(groups):
        read_all(groups)
    before = models()
    for group in groups:
        # when: one is replayed, beside none of the others
        replay(group)
        # then: all hold what they held
        assert models() == before, group.name
    # when: one is deleted with all that it stored, where no trigger forbids that
    for group in groups:
        if group.keeps_retired:
            continue
        forget(group)
        assert models() == before | {group.name: model_of(group, 0)}, group.name
        # then: begun anew, it comes to what it held
        with running(group):
            wait_until_caught_up(group, within=60)
        assert models() == before, group.name


def forget(group: Group) -> None:
    for table in group.tables:
        table._default_manager.all().delete()
    for kept in (StoredOffset, StreamSequence, Generation):
        kept._default_manager.filter(group=group.name).delete()
