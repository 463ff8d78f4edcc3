"""The thread that reads its topics from their end and passes every event on."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from messaging import kafka
from messaging.consuming.decoding import decode_for, tell_answers
from messaging.consuming.records import Record
from messaging.consuming.sieve import checked_context
from messaging.envelope import InvalidEvent, decode
from messaging.names import full_topic

if TYPE_CHECKING:
    from .radio import Radio

logger = logging.getLogger(__name__)

POSITIONS = "couriers.positions"
TOPICS = ("orders.events", "payments.transactions", "couriers.events", "notices.events", POSITIONS)

#: Wall seconds without an answer from the broker after which pages are told that nothing is heard. An idle one answers
#: five times a second; a busy machine may keep it waiting.
PATIENCE = 5.0

#: Where this process's reader stands, by (topic, partition): the end of each, as far as it has been read.
ends: dict[tuple[str, int], int] = {}


class Answers:
    """When the broker answered last, whether or not it had anything to tell."""

    def __init__(self) -> None:
        self._latest = time.monotonic()

    def note(self) -> None:
        self._latest = time.monotonic()

    @property
    def missing(self) -> bool:
        return time.monotonic() - self._latest > PATIENCE


def read_forever(radio: Radio) -> None:
    """Read until the radio is closed or the process ends; a broker that is away is waited for."""
    warned = False
    while not radio.closed.is_set():
        consumer: Any = None
        try:
            consumer = _open()
            warned = False
            answers = Answers()
            tell_answers(consumer, answers.note)
            # Whatever happened before this moment passed unheard.
            radio.silent = False
            radio.announce("hello")
            while not radio.closed.is_set():
                _pass_on(consumer, radio)
                radio.hear_silence(silent=answers.missing)
        except Exception as error:
            # Whatever it was, pages must not stay silent for good: start again from the end and say hello.
            if not warned:
                logger.warning("live pages wait for Kafka: %s", error)
                warned = True
            radio.hear_silence(silent=True)
        finally:
            if consumer is not None:
                kafka.close_quietly(consumer, timeout_ms=1000)
        radio.closed.wait(1)


def _open() -> Any:
    consumer = kafka.consumer(auto_offset_reset="latest")
    try:
        partitions = [partition for topic in TOPICS for partition in _partitions(consumer, full_topic(topic))]
        consumer.assign(partitions)
        # Positions are many and hardly anybody watches: their headers are read only where somebody does.
        decode_for(consumer, {full_topic(topic): topic for topic in TOPICS})
        consumer.seek_to_end()
        for partition in partitions:
            # Asked now, so that "from the end" means this moment and not that of the first fetch.
            ends[partition.topic, partition.partition] = consumer.position(partition, timeout_ms=5000)
    except BaseException:
        kafka.close_quietly(consumer, timeout_ms=1000)
        raise
    return consumer


def _partitions(consumer: Any, topic: str) -> list[TopicPartition]:
    numbers = sorted(consumer.partitions_for_topic(topic))
    if not numbers:
        raise KafkaError(f"there is no topic {topic}: run manage.py topology")
    return [TopicPartition(topic, number) for number in numbers]


def _pass_on(consumer: Any, radio: Radio) -> None:
    for records in consumer.poll(timeout_ms=1000).values():
        for record in records:
            ends[full_topic(record.topic), record.partition] = record.offset + 1
            try:
                _tell(record, radio)
            except InvalidEvent:
                # The consumer groups dead-letter it; a page has nothing to show for it.
                continue


def _tell(record: Record, radio: Radio) -> None:
    context = checked_context(record)
    if record.topic == POSITIONS and not radio.is_watched(context.key):
        return
    event = decode(
        record.headers,
        record.value,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        context=context,
    )
    if event is not None:
        radio.broadcast(event)
