"""Record batches from Kafka taken apart as the runtime needs them, instead of as kafka-python's records.

Fetching, sessions, checksums and decompression stay the library's; `headers.py` says why its records do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError

from .headers import RawHeaders, known_layout, read_varint
from .records import Record


def records_of(batch: Any, *, topic: str, partition: int) -> Iterator[Record]:
    """The records of a kafka-python batch of format 2, whose checksum was verified.

    Numbers of one byte, and the two sizes of two bytes, are read in place: a call for each took half of the time here.

    Raises:
        kafka.errors.CorruptRecordError: a record does not end where it should.
    """
    base, count = batch.base_offset, batch.records_count
    batch._maybe_uncompress()
    data, at = bytes(batch._buffer), batch._pos
    whole = len(data)
    try:
        for _ in range(count):
            size, more = data[at], data[at + 1]
            if size >= 0x80 > more:
                size, at = (size & 0x7F | more << 7) >> 1, at + 2
            else:
                size, at = read_varint(data, at)
            end = at + size
            at += 1  # the attributes, which mean nothing
            while data[at] >= 0x80:  # when it was written
                at += 1
            delta, at = data[at + 1], at + 2
            if delta < 0x80:
                delta >>= 1
            else:
                delta, at = read_varint(data, at - 1)
            size, at = data[at], at + 1
            if size < 0x80:
                at += 0 if size & 1 else size >> 1  # the key, which is a header as well
            else:
                size, at = read_varint(data, at - 1)
                at += max(0, size)
            size, more = data[at], data[at + 1]
            if size >= 0x80 > more and not size & 1:
                size, at = (size & 0x7F | more << 7) >> 1, at + 2
            else:
                size, at = read_varint(data, at)
            value = None if size < 0 else data[at : at + size]
            at += size if size > 0 else 0
            headers, at = data[at], at + 1
            if headers < 0x80 and not headers & 1:
                headers >>= 1
            else:
                headers, at = read_varint(data, at - 1)
            if not at <= end <= whole or headers < 0:
                raise CorruptRecordError(f"a record of {topic}[{partition}] at {base + delta} is not well formed")
            raw = data[at:end]
            yield Record(topic, partition, base + delta, RawHeaders(raw, headers), value, None, known_layout(raw))
            at = end
    except IndexError as error:
        raise CorruptRecordError(f"a batch of {topic}[{partition}] at {base} ends early") from error


class Unpacking(Fetcher.PartitionRecords):  # type: ignore[misc]
    """kafka-python's fetched data of one partition, giving our records. `names` are plain topics by full ones."""

    names: Mapping[str, str] = {}

    def _unpack_records(self, tp: Any, records: Any, *_: Any) -> Iterator[Record]:
        topic, partition = self.names[tp.topic], tp.partition
        last = None
        while (batch := records.next_batch()) is not None:
            last = batch
            if batch.magic != 2:
                raise CorruptRecordError(f"{tp.topic} holds records in format {batch.magic}: only 2 is read")
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(f"a batch of {topic}[{partition}] at {batch.base_offset} fails its checksum")
            self.leader_epoch = batch.leader_epoch
            if batch.is_control_batch:
                self.next_fetch_offset = batch.next_offset
                continue
            for record in records_of(batch, topic=topic, partition=partition):
                self.next_fetch_offset = record.offset + 1
                yield record
        # Compaction may have removed a batch's last records: read on behind the batch, not behind its last record.
        if last is not None:
            self.next_fetch_offset = last.next_offset
        self.drain()


def decode_for(consumer: KafkaConsumer, names: Mapping[str, str]) -> None:
    """Let a consumer's `poll` give `Record`s; `names` are the plain names of the topics it reads, by full name."""
    consumer._fetcher.PartitionRecords = type("Unpacking", (Unpacking,), {"names": dict(names)})


def tell_answers(consumer: KafkaConsumer, answered: Callable[[], None]) -> None:
    """Have this called for each answer to a fetch, an empty one among them: an idle broker gives one every
    `fetch_max_wait_ms`. Call it before the first poll."""
    fetcher = consumer._fetcher
    handle = fetcher._handle_fetch_response

    def hear(*arguments: Any) -> Any:
        answered()
        return handle(*arguments)

    fetcher._handle_fetch_response = hear


def forget_unpacked(consumer: KafkaConsumer, partition: TopicPartition) -> None:
    """Let go of what is left of a partition's last fetch; call it before a seek, while no poll is under way.

    kafka-python 3.0.12 sets the rest of a paused partition's fetch aside, and takes it up again only when its own
    `_next_partition_records` is None, which it is not once another fetch was read to its end. Until it is taken up the
    partition is not fetched: paused half-way, it could stand still for ever.
    """
    fetcher = consumer._fetcher
    unpacked = fetcher._next_partition_records
    if unpacked is not None and unpacked.topic_partition == partition:
        unpacked.drain()
        fetcher._next_partition_records = None
