"""Record batches put together here are what kafka-python would have written, and refusals find the row to blame."""

from __future__ import annotations

import contextlib
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import TopicPartition

from messaging import kafka
from messaging.envelope import encode_headers, rfc3339
from messaging.models import OutboxRow
from messaging.names import full_topic
from messaging.relay.kafka import EventSender
from messaging.relay.packing import Packed, key_hash, pack
from messaging.relay.road import Road
from messaging.relay.sending import Row
from messaging.wire import varint
from tests.messaging.streams import a_key, make_topic, owe, read_all, sequences
from tests.waiting import wait_for

PLACE = TopicPartition("t", 0)


def a_row(**changes: Any) -> Row:
    values: dict[str, Any] = {
        "id": 1,
        "shard": 0,
        "destination": "orders.events",
        "type": "order.ready",
        "key": "k",
        "sequence": 1,
        "message_id": str(uuid.UUID(int=1)),
        "time": rfc3339(datetime(2026, 5, 4, 12, tzinfo=UTC)),
        "payload": b"{}",
        "traceparent": "",
        "delay_seconds": 0,
        "recorded_at": rfc3339(datetime(2026, 5, 4, 12, 0, 0, 7, tzinfo=UTC)),
        "attempts": 0,
    }
    return Row(**(values | changes))


rows = st.builds(
    a_row,
    type=st.text(max_size=120),
    key=st.text(min_size=1, max_size=120),
    sequence=st.none() | st.integers(1, 2**63 - 1),
    message_id=st.uuids().map(str),
    time=st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]), min_value=datetime(1970, 1, 3)
    ).map(rfc3339),
    payload=st.binary(max_size=300) | st.binary(min_size=9000, max_size=9001),
    traceparent=st.sampled_from(["", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]),
)


@given(st.lists(rows, min_size=1, max_size=5))
def test_a_batch_is_byte_for_byte_the_librarys(some: list[Row]) -> None:
    own = Packed(PLACE, limit=10**9)
    theirs = MemoryRecordsBuilder(2, 0, 10**9)
    for row in some:
        assert own.add(row)
        headers = encode_headers(
            event_id=row.message_id,
            type=row.type,
            key=row.key,
            sequence=row.sequence,
            time=datetime.fromisoformat(row.time),
            recorded_at=datetime.fromisoformat(row.recorded_at),
            traceparent=row.traceparent,
        )
        theirs.append(1234, row.key.encode(), row.payload, headers)
    records = own.seal(at_ms=1234).records
    assert records.next_offset() == theirs.next_offset() == len(some)
    for builder in (records, theirs):
        builder.set_producer_state(5, 0, 7, False)
        builder.close()
    assert bytes(records.buffer()) == bytes(theirs.buffer())


@given(st.text(max_size=60))
def test_keys_stay_where_kafkas_own_partitioner_puts_them(key: str) -> None:
    class Cluster:
        def topics(self) -> set[str]:
            return {"t"}

        def partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(7))

        available_partitions_for_topic = partitions_for_topic

    theirs = DefaultPartitioner().partition("t", None, key.encode(), None, None, Cluster())
    assert key_hash(key) % 7 == theirs


@pytest.mark.parametrize("value", [0, 63, 64, 8191, 8192, 2**21, 2**31])
def test_varints_beyond_the_table_are_as_those_in_it(value: int) -> None:
    decoded, shift = 0, 0
    for byte in varint(value):
        decoded |= (byte & 0x7F) << shift
        shift += 7
    assert decoded == value * 2


def test_a_row_that_is_too_large_stops_its_key_and_no_other() -> None:
    large = a_row(id=2, key="a", payload=b"x" * 1_100_000)
    batches, refused = pack([a_row(key="a"), large, a_row(id=3, key="a"), a_row(id=4, key="b")], PLACE, limit=10**6)
    assert [[row.id for row in batch.rows] for batch in batches] == [[1, 4]]
    assert [row.id for row, _ in refused] == [2]


def test_a_batch_ends_at_its_limit() -> None:
    some = [a_row(id=n, key=str(n), payload=b"x" * 400) for n in range(10)]
    batches, _ = pack(some, PLACE, limit=3000)
    assert [row.id for batch in batches for row in batch.rows] == list(range(10))
    assert len(batches) > 1 and all(len(batch.rows) <= 4 for batch in batches)
    alone, _ = pack(some, PLACE, limit=0)
    assert [len(batch.rows) for batch in alone] == [1] * 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
def test_of_a_refused_batch_only_the_row_to_blame_is_blocked() -> None:
    """The broker takes 20 kB at most: neither one batch of all rows, nor the large row alone."""
    with contextlib.closing(kafka.admin()) as admin:
        admin.create_topics(
            {
                full_topic("orders.events"): {
                    "num_partitions": 1,
                    "replication_factor": 1,
                    "configs": {"max.message.bytes": "20000"},
                }
            },
            wait_for_metadata=True,
        )
    keys = [a_key() for _ in range(60)]
    for n in (1, 2):
        for key in keys:
            owe(key, n)
    large = keys[7]
    OutboxRow.objects.filter(key=large, sequence=1).update(payload=b'"' + b"x" * 50_000 + b'"')
    sender = EventSender()

    wait_for(lambda: Road("kafka", lambda: sender).drain() == 2, within=20, what="all but the large row's key to leave")

    assert [(row.sequence, row.blocked) for row in OutboxRow.objects.order_by("id")] == [(1, True), (2, False)]
    told = read_all()
    for key in keys:
        assert list(dict.fromkeys(sequences(told, key))) == ([] if key == large else [1, 2])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_what_was_selected_behind_a_failed_batch_is_not_sent(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a key's second row could be acknowledged and deleted while its first is still owed."""
    from messaging.relay import road as road_module
    from messaging.relay import rows as rows_module
    from messaging.relay.sending import Result

    make_topic()
    monkeypatch.setattr(road_module, "FULL", 1)
    key = a_key()
    owe(key, 1)
    owe(key, 2)
    told: list[int | None] = []

    class Failing(EventSender):
        def send(self, some: Any) -> Any:
            told.extend(row.sequence for row in some)
            if len(told) == 1:
                return [Result(row.id, ok=False, error="not now") for row in some]
            return [Result(row.id, ok=True) for row in some]

    road = Road("kafka", Failing)
    monkeypatch.setattr(rows_module, "select", _one_at_a_time(rows_module.select))
    if not guarded:
        conclude = road_module.Session.conclude

        def keep(self: Any, settled: Any) -> None:
            ahead = self.ahead
            conclude(self, settled)
            self.ahead = ahead
            self.broker_away = 0.0

        monkeypatch.setattr(road_module.Session, "conclude", keep)
    for _ in range(3):
        road.drain()
    assert (told == [1, 1, 2]) is guarded


def _one_at_a_time(select: Any) -> Any:
    return lambda *arguments, **options: select(*arguments, **options)[:1]
