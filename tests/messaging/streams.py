"""Streams for tests: topics of this test's own, facts to put on them by hand or by outbox, and what a topic holds."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from kafka import TopicPartition

from messaging import kafka
from messaging.envelope import Envelope, Event, decode, encode_data, encode_headers
from messaging.names import full_topic
from messaging.outbox import publish
from orders.events import OrderReady

TOPIC = "orders.events"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def make_topic(*topics: str, partitions: int = 2) -> None:
    """Make topics (none named: TOPIC) in this test's namespace and wait until they have leaders."""
    shape = {"num_partitions": partitions, "replication_factor": 1}
    with contextlib.closing(kafka.admin()) as admin:
        admin.create_topics({full_topic(topic): shape for topic in topics or (TOPIC,)}, wait_for_metadata=True)


def delete_topic(topic: str = TOPIC) -> None:
    with contextlib.closing(kafka.admin()) as admin:
        admin.delete_topics([full_topic(topic)])


def a_fact(key: str, **changes: Any) -> OrderReady:
    """The plainest fact of an order."""
    values: dict[str, Any] = {
        "order_id": key,
        "restaurant_id": 1,
        "customer_id": 2,
        "zone": "centre",
        "status": "ready",
        "by": "system",
    }
    return OrderReady(**(values | changes))


def a_key() -> str:
    return str(uuid.uuid4())


def owe(key: str, sequence: int, *, event: Event | None = None) -> uuid.UUID:
    """Commit one event of a stream to the outbox."""
    with transaction.atomic():
        return publish(event or a_fact(key), key=key, sequence=sequence, at=NOON)


@dataclass
class Record:
    """A record to write by hand, whole or broken."""

    key: str
    sequence: int | None = 1
    event: Event | None = None
    value: bytes | None = None
    type: str = ""
    headers: list[tuple[str, bytes]] | None = None
    event_id: uuid.UUID = field(default_factory=uuid.uuid4)
    partition: int | None = None
    time: datetime = NOON

    def parts(self) -> tuple[list[tuple[str, bytes]], bytes]:
        event = self.event or a_fact(self.key)
        headers = self.headers
        if headers is None:
            headers = encode_headers(
                event_id=self.event_id,
                type=self.type or event.type,
                key=self.key,
                sequence=self.sequence,
                time=self.time,
                recorded_at=self.time,
            )
        return headers, self.value if self.value is not None else encode_data(event)


def produce(records: Sequence[Record], *, topic: str = TOPIC) -> list[tuple[int, int]]:
    """Write records in this order; return each one's partition and offset."""
    producer = kafka.producer()
    try:
        futures = []
        for record in records:
            headers, value = record.parts()
            futures.append(
                producer.send(
                    full_topic(topic),
                    key=record.key.encode(),
                    value=value,
                    headers=headers,
                    partition=record.partition,
                )
            )
        answers = [future.get(timeout=20) for future in futures]
        return [(answer.partition, answer.offset) for answer in answers]
    finally:
        kafka.discard(producer)


@contextlib.contextmanager
def reading(topic: str = TOPIC) -> Iterator[Any]:
    """A consumer over all of a topic, from its start."""
    consumer = kafka.consumer()
    try:
        name = full_topic(topic)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        yield consumer
    finally:
        kafka.close_quietly(consumer)


def read_all(topic: str = TOPIC, *, within: float = 10.0) -> list[Envelope]:
    """Every event that the topic holds now, each partition's in order."""
    found: list[Envelope] = []
    with reading(topic) as consumer:
        ends = consumer.end_offsets(list(consumer.assignment()))
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for partition, records in consumer.poll(timeout_ms=200).items():
                for record in records:
                    envelope = decode(
                        record.headers, record.value, topic=topic, partition=partition.partition, offset=record.offset
                    )
                    assert envelope is not None
                    found.append(envelope)
    return found


def sequences(envelopes: Sequence[Envelope], key: str) -> list[int | None]:
    return [envelope.sequence for envelope in envelopes if envelope.key == key]
