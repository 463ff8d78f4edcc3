"""Records taken apart here are what kafka-python and the plain reading of their headers give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from messaging.consuming.decoding import Unpacking, records_of
from messaging.consuming.headers import RawHeaders, known_layout
from messaging.envelope import InvalidEvent, read_context
from messaging.relay.packing import record
from messaging.relay.sending import Row
from tests.messaging.relay.test_packing import PLACE, a_row, rows

HEADERS = st.lists(st.tuples(st.text(max_size=80), st.none() | st.binary(max_size=200)), max_size=12)


def built(records: list[tuple[bytes | None, bytes | None, Any]], *, compression: int = 0) -> MemoryRecords:
    builder = MemoryRecordsBuilder(2, compression, 10**9)
    for key, value, headers in records:
        builder.append(1000, key, value, headers)
    builder.close()
    return builder.records()


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
@given(
    st.lists(st.tuples(st.none() | st.binary(max_size=300), st.none() | st.binary(max_size=300), HEADERS), min_size=1)
)
def test_values_and_headers_are_those_the_library_reads(compression: int, some: Any) -> None:
    own = list(records_of(built(some, compression=compression).next_batch(), topic="t", partition=3))
    theirs = list(built(some, compression=compression).next_batch())
    assert [(one.topic, one.partition, one.offset, one.value) for one in own] == [
        ("t", 3, one.offset, one.value) for one in theirs
    ]
    assert [list(one.headers) for one in own] == [
        [(name, value or b"") for name, value in one.headers] for one in theirs
    ]


@given(rows)
def test_attributes_by_layout_are_those_read_one_by_one(row: Row) -> None:
    data = record(row, 0)
    built = MemoryRecordsBuilder(2, 0, 10**9)
    builder = built._builder
    builder._buffer += data
    builder._first_timestamp = builder._max_timestamp = 1
    builder._num_records = 1
    built.close()
    (own,) = records_of(built.records().next_batch(), topic="t", partition=0)
    assert isinstance(own.headers, RawHeaders)
    assert own.headers.context() == read_context(list(own.headers))
    assert own.headers.context().key == row.key and own.headers.context().sequence == row.sequence


def headers_of(row: Row) -> bytes:
    builder = MemoryRecordsBuilder(2, 0, 10**9)
    builder._builder._buffer += record(row, 0)
    builder._builder._first_timestamp = builder._builder._max_timestamp = 1
    builder._builder._num_records = 1
    builder.close()
    (own,) = records_of(builder.records().next_batch(), topic="t", partition=0)
    assert isinstance(own.headers, RawHeaders)
    return own.headers.raw


@given(st.data())
def test_whatever_the_bytes_the_layout_says_what_the_plain_reading_says(data: st.DataObject) -> None:
    raw = bytearray(headers_of(a_row(traceparent="00-1")))
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    headers = RawHeaders(bytes(raw), 10)
    known = known_layout(headers.raw)
    if known is None:
        return
    assert known == read_context(list(headers))


def test_a_bad_id_in_our_own_layout_is_an_invalid_event() -> None:
    raw = headers_of(a_row()).replace(b"00000000-0000-0000-0000-000000000001", b"00000000-0000-0000-0000-00000000000x")
    with pytest.raises(InvalidEvent):
        RawHeaders(raw, 9).context()


def test_a_damaged_batch_is_told_not_read() -> None:
    batch = built([(b"k", b"v", [])])
    data = bytearray(batch._buffer)
    data[-3] ^= 0xFF

    class Named(Unpacking):
        names = {"t": "t"}

    with pytest.raises(CorruptRecordError, match="checksum"):
        list(Named(0, PLACE, MemoryRecords(bytes(data))).record_iterator)


def test_behind_a_batch_reading_goes_on_where_it_ends() -> None:
    class Named(Unpacking):
        names = {"t": "t"}

    data = Named(0, PLACE, built([(b"k", b"v", []), (b"k", b"w", [])]))
    assert [one.value for one in data.take(1)] == [b"v"] and data.next_fetch_offset == 1
    assert [one.value for one in data.take(9)] == [b"w"] and data.next_fetch_offset == 2 and not data
