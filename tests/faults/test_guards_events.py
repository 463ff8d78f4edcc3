"""Guards of the road to Kafka, each taken away alone: what it prevents must then happen, else it guards nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from messaging.consuming import loop, pace, positions
from messaging.consuming.batch import apply_batch
from messaging.envelope import Envelope
from messaging.models import StoredOffset
from tests.messaging.consuming.running import make_topics, metrics, running, wait_until_caught_up, with_handler
from tests.messaging.consuming.test_effect_once import a_batch, applied
from tests.messaging.streams import Record, a_key, produce
from tests.racing import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_the_lock_of_the_stored_offset_alone_keeps_two_owners_apart(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events without a sequence, so that no other guard knows the repeat; both owners have read the same offset."""
    if not guarded:
        monkeypatch.setattr(positions, "LOCK", positions.LOCK.replace(" FOR UPDATE", ""))
    # The row is there already: making it would hold the second owner up as a lock does.
    apply_batch(metrics(), a_batch(Record(a_key(), sequence=None)))
    assert StoredOffset.objects.get().position == 1
    meeting, real = threading.Barrier(2), metrics().handler

    def late(events: Sequence[Envelope], *, generation: int) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        real(events, generation=generation)

    batch = a_batch(*(Record(a_key(), sequence=None) for _ in range(4)), start=1)
    came_to = at_once(*[lambda: apply_batch(with_handler(late), batch)] * 2)
    assert [each for each in came_to if isinstance(each, Exception)] == []
    assert applied() == (5 if guarded else 9)


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_polls_that_fit_alone_keep_a_slow_consumer_in_its_group(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka gives away what a member reads that does not poll for max.poll.interval: here 2 s, at 10 ms an event."""
    assigned: list[int] = []
    listener = loop.Listener.on_partitions_assigned

    def count(self: loop.Listener, partitions: Any) -> None:
        assigned.append(len(partitions))
        listener(self, partitions)

    monkeypatch.setattr(loop.Listener, "on_partitions_assigned", count)
    if not guarded:
        monkeypatch.setattr(pace, "FIRST_BITE", 1000)
        monkeypatch.setattr(pace.Pace, "fit", lambda *_: None)

    def slow(events: Sequence[Envelope], *, generation: int) -> None:
        time.sleep(0.01 * len(events))

    group = with_handler(slow)
    make_topics(group)
    produce([Record(a_key()) for _ in range(400)])
    with running(group, max_poll_interval_ms=2000):
        wait_until_caught_up(group, within=40)
    assert (len(assigned) == 1) is guarded
