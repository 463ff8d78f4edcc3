"""Reading topics whole, outside any consumer group: what a rebuild needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from messaging import kafka
from messaging.envelope import InvalidEvent
from messaging.names import full_topic

from .batch import Batch
from .decoding import decode_for
from .group import Group
from .sieve import checked_context

#: Records within which a place in time is looked for no further.
ABOUT = 500
#: (plain topic, partition)
Place = tuple[str, int]


class TopicReader:
    """Batches of topics from their start. Call `seek` to go elsewhere, `ends` for how far there is to go."""

    def __init__(self, topics: Sequence[str], *, batch: int, **kafka_changes: Any) -> None:
        self.topics = {full_topic(topic): topic for topic in topics}
        self.consumer: KafkaConsumer = kafka.consumer(**({"max_poll_records": batch} | kafka_changes))
        decode_for(self.consumer, self.topics)
        partitions = [
            TopicPartition(name, number)
            for name in self.topics
            for number in sorted(self.consumer.partitions_for_topic(name) or ())
        ]
        self.consumer.assign(partitions)
        self.partitions = partitions
        self._probe: KafkaConsumer | None = None
        first = self.consumer.beginning_offsets(partitions, timeout_ms=10_000) if partitions else {}
        self.next: dict[TopicPartition, int] = dict(first)
        for partition, position in self.next.items():
            self.consumer.seek(partition, position)

    def seek_to_time(self, moment: datetime) -> None:
        """Go to each partition's first record that was sent at that moment or later; to its end where there is none."""
        at = {partition: int(moment.timestamp() * 1000) for partition in self.partitions}
        found = self.consumer.offsets_for_times(at) if at else {}
        ends = self.consumer.end_offsets(self.partitions, timeout_ms=10_000) if at else {}
        for partition in self.partitions:
            place = found.get(partition)
            position = ends[partition] if place is None or place.offset < 0 else place.offset
            self.consumer.seek(partition, position)
            self.next[partition] = position

    def seek(self, offsets: Mapping[Place, int]) -> None:
        for partition in self.partitions:
            position = offsets[self.place(partition)]
            self.consumer.seek(partition, position)
            self.next[partition] = position

    def offsets_at(self, moment: datetime, *, before: bool) -> dict[Place, int]:
        """About where each partition's events reach a time of their own (`ce_time`): not behind that place, or with
        `before=False` not ahead of it.
        """
        found, ends = {}, self.ends()
        for partition in self.partitions:
            low, high = self.next[partition], ends[self.place(partition)]
            while high - low > ABOUT:
                middle = (low + high) // 2
                at = self._time_at(partition, middle)
                if at is not None and at < moment:
                    low = middle
                else:
                    high = middle
            found[self.place(partition)] = low if before else high
        return found

    def _time_at(self, partition: TopicPartition, offset: int) -> datetime | None:
        """The own time of the first event from an offset on that says one; None where none soon does."""
        if self._probe is None:
            # A small fetch: of each place only one record is looked at.
            self._probe = kafka.consumer(max_poll_records=20, max_partition_fetch_bytes=32 * 1024)
            decode_for(self._probe, self.topics)
        self._probe.assign([partition])
        self._probe.seek(partition, offset)
        for record in self._probe.poll(timeout_ms=2000).get(partition, ()):
            with contextlib.suppress(InvalidEvent):
                return checked_context(record).time
        return None

    def close(self) -> None:
        for consumer in (self.consumer, self._probe):
            if consumer is not None:
                kafka.close_quietly(consumer, timeout_ms=0)

    def starts(self) -> dict[Place, int]:
        """Where reading stands now, in each partition."""
        return {self.place(partition): position for partition, position in self.next.items()}

    def ends(self) -> dict[Place, int]:
        """Where each partition ends now."""
        found = self.consumer.end_offsets(self.partitions, timeout_ms=10_000) if self.partitions else {}
        return {self.place(partition): end for partition, end in found.items()}

    def place(self, partition: TopicPartition) -> Place:
        return self.topics[partition.topic], partition.partition

    def incarnation(self, topic: str) -> str:
        found = self.consumer._cluster.topic_id(full_topic(topic))
        return str(found) if found else ""

    def poll(self, *, timeout_ms: int = 500, until: Mapping[Place, int] | None = None) -> Iterator[Batch]:
        """The next batches; with `until` none reaches past that offset of its partition."""
        for partition, records in self.consumer.poll(timeout_ms=timeout_ms).items():
            topic, number = place = self.place(partition)
            end = records[-1].offset + 1
            if until is not None and end > until.get(place, 0):
                end = until.get(place, 0)
                records = [record for record in records if record.offset < end]
                self.consumer.pause(partition)
            start = self.next[partition]
            if end <= start:
                continue
            self.next[partition] = end
            yield Batch(
                topic=topic,
                partition=number,
                start=start,
                next=end,
                records=records,
                incarnation=self.incarnation(topic),
            )


@contextlib.contextmanager
def reading(group: Group, **kafka_changes: Any) -> Iterator[TopicReader]:
    """A reader of the group's topics that is closed with the block.

    Raises:
        messaging.kafka.Unreachable: no broker answers.
    """
    reader = TopicReader(group.topics, batch=group.batch, **kafka_changes)
    try:
        yield reader
    finally:
        reader.close()
