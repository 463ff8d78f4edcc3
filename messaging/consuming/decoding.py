"""Record batches from Kafka taken apart as the runtime needs them, instead of as kafka-python's records.

Nine tenths of kafka-python's time for a record go into its ten headers, number by number. Here headers stay bytes until
somebody asks, and those that our relay has written are read by their known layout in one pass. Fetching, sessions,
checksums and decompression stay the library's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError

from messaging import wire
from messaging.envelope import Context, read_context

from .records import Record


def _layout() -> re.Pattern[bytes]:
    """Each value of up to 63 bytes, with the one byte before it that holds its length."""

    def text(name: bytes) -> bytes:
        return re.escape(name) + rb"([\x02-\x7e])(.{1,63}?)"

    return re.compile(
        re.escape(wire.BEFORE_ID)
        + rb"(.{36})"
        + text(wire.TYPE)
        + text(wire.BEFORE_SUBJECT)
        + text(wire.TIME)
        + text(wire.RECORDED)
        + re.escape(wire.CONTENT)
        + rb"(?:"
        + re.escape(wire.SEQUENCE)
        + rb"([\x02-\x7e])([0-9]{1,19}))?(?:"
        + text(wire.TRACE)
        + rb")?",
        re.DOTALL,
    )


_LAYOUT = _layout()


class RawHeaders(Sequence[tuple[str, bytes]]):
    """A record's headers as they stand in its batch; as a sequence, (name, value) pairs."""

    __slots__ = ("_pairs", "number", "raw")

    def __init__(self, raw: bytes, number: int) -> None:
        self.raw = raw
        self.number = number
        self._pairs: list[tuple[str, bytes]] | None = None

    def context(self) -> Context:
        """The event's attributes.

        Raises:
            InvalidEvent: as `messaging.envelope.read_context`.
        """
        return self._known_layout() or read_context(self)

    def _known_layout(self) -> Context | None:
        """The attributes where the headers are exactly those that our relay writes, in its order."""
        found = _LAYOUT.fullmatch(self.raw)
        if found is None:
            return None
        digits, a, kind, b, key, c, time, d, recorded, e, sequence, f, trace = found.groups()
        if not (
            a[0] == 2 * len(kind)
            and b[0] == 2 * len(key)
            and c[0] == 2 * len(time)
            and d[0] == 2 * len(recorded)
            and (e is None or e[0] == 2 * len(sequence))
            and (f is None or f[0] == 2 * len(trace))
        ):
            return None
        try:
            return Context(
                _uuid(digits.decode()),
                kind.decode(),
                key.decode(),
                None if sequence is None else int(sequence),
                datetime.fromisoformat(time.decode()),
                datetime.fromisoformat(recorded.decode()),
                "" if trace is None else trace.decode(),
            )
        except ValueError:
            return None

    def _all(self) -> list[tuple[str, bytes]]:
        if self._pairs is None:
            pairs, at = [], 0
            for _ in range(self.number):
                size, at = read_varint(self.raw, at)
                name = self.raw[at : at + size].decode("utf-8", "replace")
                at += size
                size, at = read_varint(self.raw, at)
                pairs.append((name, self.raw[at : at + max(0, size)]))
                at += max(0, size)
            self._pairs = pairs
        return self._pairs

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> tuple[str, bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, bytes]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, bytes] | list[tuple[str, bytes]]:
        return self._all()[index]


_new, _set, _safe = object.__new__, object.__setattr__, uuid.SafeUUID.unknown


def _uuid(text: str) -> uuid.UUID:
    """`uuid.UUID(text)` for the usual form, at a third of its time."""
    digits = bytes.fromhex(text.replace("-", ""))
    if len(digits) != 16:
        raise ValueError
    made = _new(uuid.UUID)
    _set(made, "int", int.from_bytes(digits))
    _set(made, "is_safe", _safe)
    return made


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag number and where it ends."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    value, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7


def records_of(batch: Any, *, topic: str, partition: int) -> Iterator[Record]:
    """The records of a kafka-python batch of format 2, whose checksum was verified.

    Raises:
        kafka.errors.CorruptRecordError: a record does not end where it should.
    """
    base, count = batch.base_offset, batch.records_count
    batch._maybe_uncompress()
    data, at = bytes(batch._buffer), batch._pos
    try:
        for _ in range(count):
            size, at = read_varint(data, at)
            end = at + size
            _, at = read_varint(data, at + 1)  # after the attributes: when it was written
            delta, at = read_varint(data, at)
            size, at = read_varint(data, at)
            at += max(0, size)  # the key is a header as well
            size, at = read_varint(data, at)
            value = None if size < 0 else data[at : at + size]
            at += max(0, size)
            headers, at = read_varint(data, at)
            if not at <= end <= len(data) or headers < 0:
                raise CorruptRecordError(f"a record of {topic}[{partition}] at {base + delta} is not well formed")
            yield Record(topic, partition, base + delta, RawHeaders(data[at:end], headers), value)
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
