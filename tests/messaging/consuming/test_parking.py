"""What cannot be applied waits with its key, and only with its key; a person redrives it or waves it through."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any

import pytest

from analytics.models import AuditEntry, MinuteCount, OrderFact
from messaging.consuming import group as group_module
from messaging.consuming.batch import apply_batch
from messaging.consuming.failures import Busy, Invalid, Retry, TooManyDeadLetters
from messaging.consuming.group import Group, get_group
from messaging.consuming.parked import StillInvalid, discard, discard_record, redrive, redrive_key
from messaging.deadletters import AlreadySettled
from messaging.deadletters import redrive as redrive_letter
from messaging.envelope import Envelope
from messaging.models import DeadLetter, Incident, ParkedRecord, StoredOffset, StreamSequence
from tests.messaging.streams import Record, a_key, produce
from tests.racing import at_once

from .running import make_topics, metrics, running, wait_until_caught_up, with_handler
from .test_effect_once import a_batch, applied

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def position() -> int:
    return StoredOffset.objects.get().position


def last_of(key: str) -> int:
    return StreamSequence.objects.get(key=key).last_sequence


def refuse_all(events: Sequence[Envelope], *, generation: int) -> None:
    raise Invalid(events[0], "no such zone")


def test_a_gap_parks_its_key_only_and_the_missing_event_heals_it() -> None:
    key, other = a_key(), a_key()
    apply_batch(metrics(), a_batch(Record(key, 1), Record(key, 3), Record(other, 1), Record(key, 4)))
    assert applied() == 2
    assert last_of(key) == 1 and last_of(other) == 1
    assert sorted(ParkedRecord.objects.values_list("sequence", "offset")) == [(3, 1), (4, 3)]
    assert Incident.objects.get(kind="parked_key", resolved_at=None).subject == "metrics"

    apply_batch(metrics(), a_batch(Record(key, 2), start=4))

    assert applied() == 5 and last_of(key) == 4
    assert not ParkedRecord.objects.exists()
    assert not Incident.objects.filter(resolved_at=None).exists()
    assert DeadLetter.objects.count() == 0


def test_an_accepted_gap_applies_what_waited_in_order() -> None:
    seen: list[int | None] = []

    def note(events: Sequence[Envelope], *, generation: int) -> None:
        seen.extend(event.sequence for event in events)

    key = a_key()
    group = with_handler(note)
    apply_batch(group, a_batch(Record(key, 1), Record(key, 4), Record(key, 3)))
    assert seen == [1]
    with _registered(group):
        assert discard_record(ParkedRecord.objects.get(sequence=3)) == 2
    assert seen == [1, 3, 4] and last_of(key) == 4
    assert not ParkedRecord.objects.exists()


BROKEN: dict[str, dict[str, Any]] = {
    "bad JSON": {"value": b'{"order_id": '},
    "no JSON at all": {"value": b"\xff\xfe\x00"},
    "missing field": {"value": b'{"order_id": "x", "status": "ready"}'},
    "wrong type of a field": {
        "value": b'{"order_id":"x","restaurant_id":"one","customer_id":2,"zone":"z","status":"","by":""}'
    },
    "empty": {"value": b""},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_malformed_record_is_a_dead_letter_and_holds_its_key_alone(broken: dict[str, Any]) -> None:
    key, other = a_key(), a_key()
    apply_batch(metrics(), a_batch(Record(key, 1), Record(key, 2, **broken), Record(key, 3), Record(other, 1)))
    letter = DeadLetter.objects.get()
    assert (letter.group, letter.source, letter.partition, letter.offset) == ("metrics", "orders.events", 0, 1)
    assert (letter.key, letter.type, letter.state) == (key, "order.ready", "open")
    assert bytes(letter.body or b"") == broken["value"]
    assert list(ParkedRecord.objects.order_by("offset").values_list("offset", "key")) == [(1, key), (2, key)]
    assert applied() == 2 and position() == 4


@pytest.mark.parametrize(
    "headers",
    [[], [("ce_type", b"order.ready")], [("ce_id", b"not-a-uuid"), ("ce_type", b"x"), ("ce_subject", b"k")]],
    ids=["none", "type alone", "bad id"],
)
def test_a_record_without_its_headers_is_a_dead_letter_and_reading_goes_on(headers: list[tuple[str, bytes]]) -> None:
    apply_batch(metrics(), a_batch(Record("k", headers=headers), Record(a_key(), 1)))
    assert DeadLetter.objects.get().error.startswith("not a CloudEvents 1.0 record")
    assert not ParkedRecord.objects.exists()
    assert applied() == 1 and position() == 2


def test_an_unknown_type_is_no_dead_letter_and_its_key_goes_on() -> None:
    key = a_key()
    apply_batch(metrics(), a_batch(Record(key, 1), Record(key, 2, type="order.teleported"), Record(key, 3)))
    assert applied() == 2 and last_of(key) == 3
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()


def test_an_event_that_its_handler_cannot_apply_dies_alone() -> None:
    """Found by trying each event of the failed batch, whatever the exception."""
    poison, key, other = a_key(), a_key(), a_key()
    real = metrics().handler

    def handler(events: Sequence[Envelope], *, generation: int) -> None:
        real(events, generation=generation)
        if any(event.key == poison for event in events):
            raise ZeroDivisionError("this order divides by zero")

    apply_batch(
        metrics(handler=handler), a_batch(Record(key, 1), Record(poison, 1), Record(other, 1), Record(poison, 2))
    )
    assert {str(order_id) for order_id in OrderFact.objects.values_list("order_id", flat=True)} == {key, other}
    assert "divides by zero" in DeadLetter.objects.get().error
    assert ParkedRecord.objects.filter(key=poison).count() == 2

    # When the program is mended
    assert redrive_key("metrics", "orders.events", poison) == 2
    # Then both are applied, once, and the letter is settled
    assert applied() == 4 and last_of(poison) == 2
    assert DeadLetter.objects.get().state == "redriven"


def test_a_dead_letter_is_redriven_after_the_fix_and_stays_open_before_it() -> None:
    key = a_key()
    group = with_handler(refuse_all)
    apply_batch(group, a_batch(Record(key, 1), Record(key, 2)))
    letter = DeadLetter.objects.get()
    with _registered(group), pytest.raises(StillInvalid, match="no such zone"):
        redrive(letter)
    assert ParkedRecord.objects.count() == 2 and applied() == 0
    redrive(letter)
    assert applied() == 2 and not ParkedRecord.objects.exists()
    # And a second press does nothing
    redrive(letter)
    assert applied() == 2


def test_of_eight_who_redrive_a_record_at_once_one_does() -> None:
    key = a_key()
    apply_batch(with_handler(refuse_all), a_batch(Record(key, 1), Record(key, 2)))
    letter = DeadLetter.objects.get()

    def press() -> None:
        redrive_letter(DeadLetter.objects.get(pk=letter.pk))

    assert Counter(map(type, at_once(*[press] * 8))) == {AlreadySettled: 7, NoneType: 1}
    assert applied() == 2 and last_of(key) == 2
    assert not ParkedRecord.objects.exists()


def test_a_discarded_dead_letter_lets_its_key_go_on() -> None:
    key = a_key()
    apply_batch(metrics(), a_batch(Record(key, 1, value=b"{"), Record(key, 2)))
    letter = DeadLetter.objects.get()
    DeadLetter.objects.update(state=DeadLetter.State.DISCARDED)
    discard(letter)
    assert applied() == 1 and last_of(key) == 2
    assert not ParkedRecord.objects.exists()


def test_past_its_limit_the_group_stops_rather_than_set_everything_aside() -> None:
    group = metrics(dead_letter_limit=3)
    with pytest.raises(TooManyDeadLetters):
        apply_batch(group, a_batch(*(Record(a_key(), 1, value=b"{") for _ in range(4)), Record(a_key(), 1)))
    assert not DeadLetter.objects.exists() and not StoredOffset.objects.exists() and applied() == 0


def test_retry_and_busy_skip_nothing() -> None:
    """The first three calls fail in passing; the fourth applies the same events."""
    group = metrics()
    make_topics(group)
    troubles: list[Exception] = [Retry("database away"), Busy(seconds=0.1), Retry("again")]
    seen: list[int] = []
    real = group.handler

    def handler(events: Sequence[Envelope], *, generation: int) -> None:
        seen.append(len(events))
        if troubles:
            raise troubles.pop()
        real(events, generation=generation)

    key = a_key()
    produce([Record(key, n) for n in range(1, 4)])
    with running(dataclasses.replace(group, handler=handler)):
        wait_until_caught_up(group)
    assert applied() == 3 and troubles == [] and sum(seen[:-1]) > 0
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()


def test_a_partition_that_is_paused_when_a_rebalance_comes_is_read_again() -> None:
    """kafka-python keeps the pause through the rebalance, so it must still be ended afterwards."""
    group = metrics()
    make_topics(group)
    held = threading.Event()
    real = group.handler

    def handler(events: Sequence[Envelope], *, generation: int) -> None:
        if not held.is_set():
            held.set()
            raise Busy(seconds=0.3)
        real(events, generation=generation)

    produce([Record(a_key()) for _ in range(10)])
    waiting = dataclasses.replace(group, handler=handler)
    with running(waiting):
        assert held.wait(20)
        with running(waiting):
            wait_until_caught_up(group)
    assert applied() == 10


def test_a_group_that_fails_does_not_stop_another() -> None:
    audit = get_group("audit")
    make_topics(audit)

    def broken(events: Sequence[Envelope], *, generation: int) -> None:
        raise Retry("for ever")

    with running(with_handler(broken)), running(audit):
        produce([Record(a_key()) for _ in range(3)])
        wait_until_caught_up(audit)
    assert AuditEntry.objects.count() == 3
    assert not MinuteCount.objects.exists()


@contextlib.contextmanager
def _registered(group: Group) -> Iterator[None]:
    """Let the runtime find a test's variant of a group under its name for a while."""
    real = group_module._groups[group.name]
    group_module._groups[group.name] = group
    try:
        yield
    finally:
        group_module._groups[group.name] = real
