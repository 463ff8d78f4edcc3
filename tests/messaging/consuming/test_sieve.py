"""The sieve alone: whatever is repeated, shuffled or missing, a handler sees each key's events 1..n in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messaging.consuming.records import Record, headers_from_json, headers_to_json
from messaging.consuming.sieve import Sieve, Sifted
from tests.messaging.streams import Record as Written


def sift(*records: Record, last: dict[str, int] | None = None, **changes: Any) -> Sifted:
    values: dict[str, Any] = {"last": last or {}, "parked": {}, "refused": {}, "pardoned": frozenset()}
    return Sieve(**(values | changes)).sift(records)


def at(offset: int, key: str, sequence: int | None, **changes: Any) -> Record:
    headers, value = Written(key=key, sequence=sequence, **changes).parts()
    return Record(topic="orders.events", partition=0, offset=offset, headers=headers, value=value)


def seen(sifted: Sifted) -> list[tuple[str, int | None]]:
    return [(event.key, event.sequence) for event in sifted.fresh]


@given(st.permutations([(key, n) for key in "ab" for n in range(1, 5)] * 2))
def test_any_order_and_any_repeat_gives_each_key_in_order_once(stream: list[tuple[str, int]]) -> None:
    sifted = sift(*(at(offset, key, n) for offset, (key, n) in enumerate(stream)))
    for key in "ab":
        assert [n for of, n in seen(sifted) if of == key] == [1, 2, 3, 4]
    assert sifted.parked == [] and sifted.last == {"a": 4, "b": 4}


def test_what_was_applied_before_is_dropped() -> None:
    assert seen(sift(at(0, "a", 1), at(1, "a", 2), at(2, "a", 3), last={"a": 2})) == [("a", 3)]


def test_a_gap_parks_its_key_and_no_other() -> None:
    sifted = sift(at(0, "a", 1), at(1, "a", 3), at(2, "b", 1), at(3, "a", 4))
    assert seen(sifted) == [("a", 1), ("b", 1)]
    assert [(one.context.sequence, one.reason) for one in sifted.parked] == [
        (3, "gap: 3 came, 2 has not"),
        (4, "gap: 4 came, 2 has not"),
    ]


def test_the_missing_one_frees_what_waited_for_it() -> None:
    parked = {"a": {3: replace(at(7, "a", 3), parked_id=70)}}
    sifted = sift(at(9, "a", 2), last={"a": 1}, parked=parked)
    assert seen(sifted) == [("a", 2), ("a", 3)]
    assert [record.parked_id for record in sifted.unparked] == [70]


def test_events_without_a_sequence_pass() -> None:
    assert seen(sift(at(0, "a", None), at(1, "a", None))) == [("a", None), ("a", None)]


def test_an_unknown_type_advances_its_key_in_silence() -> None:
    sifted = sift(at(0, "a", 1, type="order.teleported"), at(1, "a", 2))
    assert seen(sifted) == [("a", 2)] and sifted.dead == [] and sifted.last == {"a": 2}


def test_a_type_that_the_handler_does_not_use_is_counted_and_its_data_are_not_read() -> None:
    types = frozenset({"order.placed"})
    sifted = sift(at(0, "a", 1, value=b"{"), at(1, "a", 2), at(2, "a", 2), types=types)
    assert sifted.fresh == [] and sifted.dead == [] and sifted.last == {"a": 2} and sifted.unused == 2


def test_an_invalid_record_dies_once_and_its_key_waits_behind_it() -> None:
    sifted = sift(at(0, "a", 1, value=b"{"), at(1, "a", 2), at(2, "b", 1), at(3, "a", 1, value=b"{"))
    assert seen(sifted) == [("b", 1)]
    assert [dead.record.offset for dead in sifted.dead] == [0, 3]
    assert [one.record.offset for one in sifted.parked] == [0, 1]


def test_a_whole_repeat_takes_the_place_of_a_broken_record() -> None:
    sifted = sift(at(0, "a", 1, value=b"{"), at(1, "a", 2), at(2, "a", 1))
    assert seen(sifted) == [("a", 1), ("a", 2)] and sifted.parked == []


def test_a_record_that_cannot_be_stored_is_invalid_not_an_error() -> None:
    sifted = sift(at(0, "k" * 121, 1), at(1, "nul\x00", 1), at(2, "a", 2**63), at(3, "a", 0), at(4, "", 1))
    assert len(sifted.dead) == 5 and sifted.parked == [] and sifted.fresh == []


def test_a_pardoned_gap_is_accepted_and_a_pardoned_invalid_record_passed_over() -> None:
    gap = sift(at(0, "a", 3), at(1, "a", 4), pardoned=frozenset({(0, 0)}))
    assert seen(gap) == [("a", 3), ("a", 4)]
    broken = sift(at(0, "a", 1, value=b"{"), at(1, "a", 2), pardoned=frozenset({(0, 0)}))
    assert seen(broken) == [("a", 2)] and broken.dead == []


def test_headers_survive_json_whatever_their_bytes() -> None:
    headers = [("a", b"plain"), ("b", b"\xff\xfe"), ("c", b"nul\x00"), ("d", b"base64:x"), ("a", "ü".encode())]
    assert headers_from_json(headers_to_json(headers)) == headers
