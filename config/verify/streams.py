"""Promise two: every committed change stands in Kafka, in order, and has reached every group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kafka import TopicPartition

from messaging import kafka
from messaging.models import Generation, StoredOffset, StreamSequence
from messaging.names import full_topic
from orders.events import TOPIC
from orders.models import OrderHistory

from .report import Violation


@dataclass(slots=True)
class Stream:
    """What a topic holds of its keys: each key's contiguous length, its events' ids, and the first gap if any."""

    length: dict[str, int] = field(default_factory=dict)
    ids: dict[tuple[str, int], str] = field(default_factory=dict)
    gaps: list[Violation] = field(default_factory=list)
    repeats: int = 0
    #: Each event's type, where they were asked for.
    types: dict[tuple[str, int], str] = field(default_factory=dict)


def read_stream(topic: str = TOPIC, *, with_types: bool = False) -> Stream:
    """Read a topic from its first record to its present end, by itself: no group, nothing committed."""
    consumer = kafka.consumer()
    stream = Stream()
    try:
        name = full_topic(topic)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500, max_records=2000).values():
                for record in records:
                    headers = {key: value.decode() for key, value in record.headers}
                    _take(stream, headers, record.topic, with_types=with_types)
    finally:
        kafka.close_quietly(consumer)
    return stream


def _take(stream: Stream, headers: dict[str, str], topic: str, *, with_types: bool) -> None:
    key, sequence = headers.get("ce_subject", ""), headers.get("ce_sequence")
    if sequence is None:
        return
    number, last = int(sequence), stream.length.get(key, 0)
    if number == last + 1:
        stream.length[key] = number
        stream.ids[key, number] = headers.get("ce_id", "")
        if with_types:
            stream.types[key, number] = headers.get("ce_type", "")
    elif number <= last:
        stream.repeats += 1
    else:
        stream.gaps.append(Violation(key, f"sequence {number} follows {last} in {topic}"))


def committed_versions() -> dict[str, int]:
    """Each order's latest committed sequence, as the history has it."""
    versions: dict[str, int] = {}
    for order, sequence in OrderHistory.objects.values_list("order_id", "sequence").iterator():
        versions[str(order)] = max(sequence, versions.get(str(order), 0))
    return versions


def changes_in_kafka(committed: dict[str, int], stream: Stream) -> Iterator[Violation]:
    """Each committed change is in the topic at least once, in order within its order, under its own event id."""
    yield from stream.gaps
    for order, version in committed.items():
        if stream.length.get(order, 0) < version:
            yield Violation(
                order, f"has {version} committed changes; Kafka holds {stream.length.get(order, 0)} of them"
            )
    for owner, sequence, event_id in OrderHistory.objects.values_list("order_id", "sequence", "event_id").iterator():
        told = stream.ids.get((str(owner), sequence))
        if told is not None and told != str(event_id):
            yield Violation(str(owner), f"change {sequence} is event {event_id} in the database and {told} in Kafka")


def changes_reached_groups(committed: dict[str, int], groups: dict[str, int]) -> Iterator[Violation]:
    """Each group has applied each order's latest committed change (`groups`: name → live generation)."""
    topic = full_topic(TOPIC)
    for group, generation in groups.items():
        applied = dict(
            StreamSequence.objects.filter(group=group, generation=generation, topic__in=[topic, TOPIC]).values_list(
                "key", "last_sequence"
            )
        )
        for order, version in committed.items():
            if applied.get(order, 0) < version:
                yield Violation(f"{group}: {order}", f"has applied {applied.get(order, 0)} of {version} changes")


def live_generations(topic: str = TOPIC) -> dict[str, int]:
    """Groups that read a topic, each with the number of its live generation."""
    reading = set(StoredOffset.objects.filter(topic__in=[full_topic(topic), topic]).values_list("group", flat=True))
    live = Generation.objects.filter(state=Generation.State.LIVE).values_list("group", "number")
    return {group: number for group, number in live if group in reading}
