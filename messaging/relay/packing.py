"""Outbox rows as finished Kafka record batches, without an object or a future for each record.

kafka-python spends some 60 µs on a record's `send`: checks, a future with its lock, a buffer, each varint byte by byte.
Here a batch is put together in one join and handed to the producer whole; its sender thread, the idempotence, the
retries and the acknowledgements stay the library's. The format is record batch v2 (Kafka protocol guide, "Record
Batch"), which is also what the library writes: a test compares the two byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from kafka.partitioner.default import murmur2
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import TopicPartition

from messaging import wire
from messaging.wire import varint

from .sending import Row

#: Bytes of a batch where the broker takes 1 MiB, its default; and where it turned out to take less.
BATCH_BYTES, SMALL_BATCH_BYTES = 512 * 1024, 16 * 1024
#: Bytes above which the broker's default refuses a record: said here, at once.
RECORD_BYTES = 1024 * 1024
MAGIC, NO_COMPRESSION = 2, 0


@lru_cache(maxsize=1024)
def _type(name: str) -> bytes:
    """What stands between a record's id and its key."""
    return wire.fixed("ce_type", name.encode()) + wire.BEFORE_SUBJECT


@lru_cache(maxsize=1024)
def _sequence(number: int) -> bytes:
    return wire.fixed("ce_sequence", b"%d" % number)


#: By the number of headers: what stands between a record's value and its id.
BEFORE_ID = [wire.varint(count) + wire.BEFORE_ID for count in range(12)]


def record(row: Row, offset: int) -> bytes:
    """A row as the record at this place of its batch: headers as `messaging.envelope.encode_headers` gives them."""
    _, _, _, kind, text, sequence, message_id, time, payload, traceparent, _, recorded, _ = row
    key = text.encode()
    key = varint(len(key)) + key
    parts = [
        b"\x00\x00",  # attributes; milliseconds since the batch's own time
        varint(offset),
        key,
        varint(len(payload)),
        payload,
        BEFORE_ID[8 + (sequence is not None) + bool(traceparent)],
        message_id.encode(),
        _type(kind),
        key,
        wire.TIME,
        varint(len(time)),
        time.encode(),
        wire.RECORDED,
        varint(len(recorded)),
        recorded.encode(),
        wire.CONTENT,
    ]
    if sequence is not None:
        parts.append(_sequence(sequence))
    if traceparent:
        trace = traceparent.encode()
        parts += (wire.TRACE, varint(len(trace)), trace)
    body = b"".join(parts)
    return varint(len(body)) + body


@lru_cache(maxsize=50_000)
def key_hash(key: str) -> int:
    """What Kafka's default partitioner takes modulo the number of partitions; an order's events ask for it again."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF)


class Packed:
    """A batch being put together: rows of one partition, in order. `limit` is in bytes; 0 makes it hold one row."""

    __slots__ = ("_parts", "_size", "limit", "partition", "rows")

    def __init__(self, partition: TopicPartition, *, limit: int) -> None:
        self.partition = partition
        self.limit = limit
        self.rows: list[Row] = []
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, row: Row) -> bool:
        """Take the row, or answer False: it needs the next batch.

        Raises:
            ValueError: the record is larger than any broker takes by default.
        """
        packed = record(row, len(self.rows))
        if len(packed) > RECORD_BYTES:
            raise ValueError(f"the record has {len(packed)} bytes, more than the {RECORD_BYTES} that Kafka takes")
        if self.rows and self._size + len(packed) > self.limit:
            return False
        self.rows.append(row)
        self._parts.append(packed)
        self._size += len(packed)
        return True

    def seal(self, *, at_ms: int) -> ProducerBatch:
        """As the library's own batch, ready to be sent."""
        records = MemoryRecordsBuilder(MAGIC, NO_COMPRESSION, self._size)
        builder = records._builder
        builder._buffer += b"".join(self._parts)
        builder._first_timestamp = builder._max_timestamp = at_ms
        builder._num_records = records._next_offset = len(self.rows)
        builder._last_offset = len(self.rows) - 1
        return ProducerBatch(self.partition, records)


def pack(rows: Sequence[Row], partition: TopicPartition, *, limit: int) -> tuple[list[Packed], list[tuple[Row, str]]]:
    """Batches of one partition's rows, and the rows that are too large for any, with the reason.

    Behind such a row the rest of its key is left out: it must not overtake it.
    """
    batches: list[Packed] = []
    refused: list[tuple[Row, str]] = []
    stopped: set[str] = set()
    current = Packed(partition, limit=limit)
    for row in rows:
        if row.key in stopped:
            continue
        try:
            if not current.add(row):
                batches.append(current)
                current = Packed(partition, limit=limit)
                current.add(row)
        except ValueError as error:
            refused.append((row, str(error)))
            stopped.add(row.key)
    if current.rows:
        batches.append(current)
    return batches, refused


def enqueue(producer: Any, batches: Sequence[ProducerBatch]) -> None:
    """Give sealed batches to the producer, as its own `RecordAccumulator.append` gives those that it makes.

    Raises:
        RuntimeError: the producer was closed.
    """
    accumulator = producer._accumulator
    accumulator._appends_in_progress.increment()
    try:
        for batch in batches:
            with accumulator._tp_lock(batch.topic_partition):
                if accumulator._closed:
                    raise RuntimeError("the producer was closed meanwhile")
                accumulator._batches[batch.topic_partition].append(batch)
                accumulator._incomplete.add(batch)
    finally:
        accumulator._appends_in_progress.decrement()
    producer._sender.wakeup()
