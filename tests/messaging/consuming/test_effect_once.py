"""Kafka may say a thing ten times and to two owners: its effect is there once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from analytics.models import MinuteCount
from messaging.consuming import batch as batch_module
from messaging.consuming import positions
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.failures import Retry
from messaging.consuming.positions import Position
from messaging.consuming.records import Record as Read
from messaging.envelope import Envelope
from messaging.models import StoredOffset, StreamSequence
from tests.messaging.streams import Record, a_key, produce
from tests.racing import at_once

from .running import make_topics, metrics, running, wait_until_caught_up, with_handler

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def applied() -> int:
    return sum(MinuteCount.objects.values_list("orders", flat=True))


def a_batch(*records: Record, start: int = 0) -> Batch:
    """A batch that was never in Kafka, for what needs exact offsets."""
    read = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        read.append(Read(topic="orders.events", partition=0, offset=offset, headers=headers, value=value))
    return Batch(topic="orders.events", partition=0, start=start, next=start + len(read), records=read)


def test_a_group_whose_kafka_offsets_are_lost_goes_on_from_the_stored_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    group = metrics()
    make_topics(group)
    produce([Record(a_key()) for _ in range(30)])
    monkeypatch.setattr("messaging.consuming.loop.Session.commit", lambda *_, **__: None)
    with running(group):
        wait_until_caught_up(group)
    produce([Record(a_key()) for _ in range(5)])
    with running(group) as second:
        wait_until_caught_up(group)
    assert applied() == 35
    assert second.applied == 5


def test_two_owners_of_one_partition_meet_at_the_stored_offset() -> None:
    batch = a_batch(*(Record(str(uuid.uuid4())) for _ in range(50)))
    group = metrics()
    came_to = at_once(*[lambda: apply_batch(group, batch)] * 2)
    assert [each for each in came_to if isinstance(each, Exception)] == []
    assert applied() == 50
    assert StoredOffset.objects.get().events_applied == 50


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_the_stored_offset_alone_stops_a_repeat_of_unsequenced_events(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without sequences nothing else does, so taking the comparison away must show."""
    if not guarded:
        locked = positions.lock_position
        monkeypatch.setattr(batch_module, "lock_position", lambda *a, **k: Position(locked(*a, **k).id, 0, ""))
    batch = a_batch(*(Record(a_key(), sequence=None) for _ in range(4)))
    apply_batch(metrics(), batch)
    apply_batch(metrics(), batch)
    assert (applied() == 4) is guarded


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_the_sequence_alone_stops_a_repeat_under_new_offsets(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not guarded:
        monkeypatch.setattr(batch_module, "known_sequences", lambda *_: {})
    key = a_key()
    for start in (0, 1):
        apply_batch(metrics(), a_batch(Record(key, 1), start=start))
    assert (applied() == 1) is guarded


def test_a_batch_that_starts_beyond_the_stored_offset_is_sent_back() -> None:
    """The position before the poll decides, not the first record's offset: compaction leaves holes."""
    answer = apply_batch(metrics(), a_batch(Record(a_key()), start=5))
    assert (answer.next, answer.events, applied()) == (0, 0, 0)
    holes = a_batch(Record(a_key()), start=5)
    answer = apply_batch(metrics(), Batch("orders.events", 0, start=0, next=6, records=holes.records))
    assert (answer.next, answer.events, applied()) == (6, 1, 1)


def test_a_failed_batch_leaves_nothing_behind() -> None:
    real = metrics().handler

    def write_and_fail(events: Sequence[Envelope], *, generation: int) -> None:
        real(events, generation=generation)
        raise Retry("after the writes")

    with pytest.raises(Retry):
        apply_batch(with_handler(write_and_fail), a_batch(Record(a_key()), Record(a_key())))
    assert applied() == 0
    assert not StoredOffset.objects.exists() and not StreamSequence.objects.exists()
