"""Reading ahead changes when records are polled, never which are applied."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Sequence

import pytest

from analytics.models import OrderFact
from messaging.consuming.ahead import Ahead
from messaging.consuming.failures import Busy, Retry
from messaging.envelope import Envelope
from messaging.models import ParkedRecord
from tests.messaging.streams import Record, a_key, produce

from .running import make_topics, metrics, running, wait_until_caught_up
from .test_effect_once import applied


def test_the_next_poll_runs_while_its_owner_does_something_else() -> None:
    asked, polls = threading.Event(), iter([{"p": [1]}, {"p": [2], "q": [3]}, {"p": [4]}])

    def poll() -> dict[str, list[int]]:
        found = next(polls)
        if 2 in found["p"]:
            assert asked.wait(10), "the owner was to be free while this poll runs"
        return found

    ahead = Ahead(poll, name="test")
    assert ahead.take() == {"p": [1]}
    ahead.start()
    asked.set()
    ahead.without("p")
    assert ahead.take() == {"q": [3]}
    # What was left out once is wanted again.
    assert ahead.take() == {"p": [4]}
    ahead.close()


def test_a_poll_that_fails_tells_whoever_takes_it() -> None:
    def poll() -> dict[str, list[int]]:
        raise ConnectionError("gone")

    ahead = Ahead(poll, name="test")
    ahead.start()
    ahead.without("p")
    with pytest.raises(ConnectionError):
        ahead.take()
    ahead.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
def test_batches_that_fail_while_the_next_is_read_leave_no_gap_and_nothing_twice() -> None:
    """A batch read ahead of one that was put off must not be applied in its place."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    group = metrics(batch=7)
    make_topics(group)
    keys = [a_key() for _ in range(20)]
    produce([Record(key, n) for n in range(1, 11) for key in keys])
    real = group.handler
    failed: list[int] = []

    def handler(events: Sequence[Envelope], *, generation: int) -> None:
        real(events, generation=generation)
        if len(failed) < 12 and chance.random() < 0.4:
            failed.append(len(events))
            raise chance.choice([Busy(seconds=0.02), Retry("in passing")])

    with running(dataclasses.replace(group, handler=handler)):
        wait_until_caught_up(group, within=60)
    assert failed
    assert applied() == 200
    assert set(OrderFact.objects.values_list("sequence", flat=True)) == {10}
    assert not ParkedRecord.objects.exists()
