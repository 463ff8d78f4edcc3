"""Reading topics whole, outside any consumer group: what a rebuild needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from messaging import kafka
from messaging.names import full_topic

from .batch import Batch
from .decoding import decode_for
from .group import Group

#: (plain topic, partition)
Place = tuple[str, int]


class TopicReader:
    """Batches of a group's topics from their start. Call `seek` to go elsewhere, `ends` for how far there is to go."""

    def __init__(self, group: Group, **kafka_changes: Any) -> None:
        self.group = group
        self.topics = {full_topic(topic): topic for topic in group.topics}
        self.consumer: KafkaConsumer = kafka.consumer(**({"max_poll_records": group.batch} | kafka_changes))
        decode_for(self.consumer, self.topics)
        partitions = [
            TopicPartition(name, number)
            for name in self.topics
            for number in sorted(self.consumer.partitions_for_topic(name) or ())
        ]
        self.consumer.assign(partitions)
        self.partitions = partitions
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
    """A reader that is closed with the block.

    Raises:
        messaging.kafka.Unreachable: no broker answers.
    """
    reader = TopicReader(group, **kafka_changes)
    try:
        yield reader
    finally:
        kafka.close_quietly(reader.consumer, timeout_ms=0)
