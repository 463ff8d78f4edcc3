"""Two partitions applied at a time: each in its own transaction, and what befalls one is not the other's matter."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from messaging.consuming import loop as looping
from messaging.consuming.beside import Beside
from messaging.consuming.failures import Retry
from messaging.envelope import Envelope
from tests.messaging.streams import Record, a_key, produce
from tests.waiting import wait_for

from .running import make_topics, metrics, running, stored, wait_until_caught_up, with_handler
from .test_effect_once import applied


def test_jobs_are_done_by_two_threads_at_once_and_each_once() -> None:
    beside, meeting = Beside(name="test"), threading.Barrier(2)
    done: list[int] = []

    def job(number: int) -> None:
        if number < 2:
            meeting.wait(timeout=10)
        done.append(number)

    beside.run([lambda number=number: job(number) for number in range(5)])  # type: ignore[misc]
    beside.run([lambda: done.append(5), lambda: done.append(6)], alone=True)
    beside.close()
    assert sorted(done[:5]) == [0, 1, 2, 3, 4] and done[5:] == [5, 6]


def test_an_error_is_told_when_the_other_thread_has_ended() -> None:
    beside, done = Beside(name="test"), []

    def fail() -> None:
        raise RuntimeError("odd")

    with pytest.raises(RuntimeError, match="odd"):
        beside.run([fail, lambda: done.append(1)])
    beside.close()
    assert done == [1]


@pytest.fixture
def from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second thread however little was polled."""
    monkeypatch.setattr(looping, "SIDE_BY_SIDE", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace", "from_the_first")
def test_two_partitions_are_applied_at_a_time_and_each_event_once() -> None:
    make_topics(metrics())
    produce([Record(a_key(), 1) for _ in range(40)])
    threads: set[str] = set()
    meeting, real = threading.Barrier(2), metrics().handler

    def together(events: Sequence[Envelope], *, generation: int) -> None:
        if not meeting.broken and len(threads) < 2:
            threads.add(threading.current_thread().name)
            meeting.wait(timeout=20)
        real(events, generation=generation)

    with running(with_handler(together)):
        wait_until_caught_up(metrics())
    assert len(threads) == 2
    assert applied() == 40 and len(stored()) > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace", "from_the_first")
def test_a_partition_that_has_to_come_again_holds_up_no_other() -> None:
    make_topics(metrics())
    keys = [a_key() for _ in range(20)]
    produce([Record(key, 1) for key in keys])
    unlucky, real = keys[0], metrics().handler
    tries: list[int] = []

    def stumbles(events: Sequence[Envelope], *, generation: int) -> None:
        if any(event.key == unlucky for event in events) and len(tries) < 3:
            tries.append(len(events))
            raise Retry("not now")
        real(events, generation=generation)

    with running(with_handler(stumbles)):
        wait_for(lambda: tries, within=20, what="the first failure")
        wait_until_caught_up(metrics())
    assert len(tries) == 3
    assert applied() == 20
