"""Rows onto Kafka: an idempotent producer, and a look at every acknowledgement."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.producer.producer_batch import FinalState, ProducerBatch
from kafka.structs import TopicPartition

from messaging import kafka
from messaging.names import full_topic

from .packing import BATCH_BYTES, SMALL_BATCH_BYTES, Packed, enqueue, key_hash, pack
from .sending import Result, Row

#: No second attempt will change these.
PERMANENT = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.InvalidRecordError,
    kafka_errors.InvalidTopicError,
    TypeError,
    ValueError,
)
#: A topic that does not answer costs a send two seconds: for this long (seconds) its rows fail at once instead.
TOPIC_REST = 5.0
#: Seconds for an acknowledgement. The producer's own delivery timeout comes first; this guards against a bug there.
PATIENCE = 30.0
#: After a batch of several rows was refused for good: seconds in which each goes alone, to learn which of them it is.
ALONE = 10.0


class EventSender:
    """Sends events; after any failed send it throws its producer away, without flushing, and makes a new one.

    What a failed producer still holds may be older than what its successor sends, so it must not send it.
    """

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._producer: KafkaProducer | None = None
        self._resting: dict[str, float] = {}
        self._batch_bytes = BATCH_BYTES
        self._alone_until = 0.0

    def send(self, rows: Sequence[Row]) -> list[Result]:
        """Send a batch and wait for all its acknowledgements.

        Raises:
            messaging.kafka.Unreachable: no broker answers.
            kafka.errors.KafkaError: the producer could not start.
        """
        producer = self._producer or self._start()
        limit = 0 if time.monotonic() < self._alone_until else self._batch_bytes
        results: list[Result] = []
        sent: list[tuple[Packed, ProducerBatch]] = []
        for topic, of_topic in _by_destination(rows).items():
            partitions = self._partitions(producer, topic)
            if isinstance(partitions, Result):
                results += [_failed(row, partitions.error, permanent=partitions.permanent) for row in of_topic]
                continue
            for partition, of_partition in _by_partition(topic, of_topic, partitions).items():
                packed, refused = pack(of_partition, partition, limit=limit)
                results += [_failed(row, error, permanent=True) for row, error in refused]
                sent += [(one, one.seal(at_ms=int(time.time() * 1000))) for one in packed]
        enqueue(producer, [batch for _, batch in sent])
        failed = any(not result.permanent for result in results)
        for packed_batch, batch in sent:
            answers = self._await(packed_batch, batch)
            failed |= not answers[0].ok
            results += answers
        if failed:
            self.discard()
        return results

    def discard(self) -> None:
        """Let the producer go with whatever it has not sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            kafka.discard(producer)

    def _start(self) -> KafkaProducer:
        producer = self._producer = kafka.producer(**self._changes)
        # The library halves a batch that is too large by the futures of its records; ours has one for all of them.
        producer._sender._can_split = lambda batch, error: False
        return producer

    def _partitions(self, producer: KafkaProducer, destination: str) -> list[int] | Result:
        """The topic's partitions, or why it has none for us now."""
        if self._resting.get(destination, 0.0) > time.monotonic():
            return Result(0, ok=False, error=f"topic {destination} did not answer a moment ago")
        name = full_topic(destination)
        try:
            return sorted(producer._wait_on_metadata(name, producer.config["max_block_ms"]))
        except PERMANENT as error:
            return Result(0, ok=False, error=f"{type(error).__name__}: {error}", permanent=True)
        except kafka_errors.KafkaError as error:
            self._resting[destination] = time.monotonic() + TOPIC_REST
            return Result(0, ok=False, error=f"topic {name}: {error}")

    def _await(self, packed: Packed, batch: ProducerBatch) -> list[Result]:
        future = batch.produce_future
        if not future.wait(PATIENCE) or not future.is_done:
            return [_failed(row, f"no acknowledgement within {PATIENCE:g} s") for row in packed.rows]
        if future.exception is not None:
            return [_failed(row, f"{type(future.exception).__name__}: {future.exception}") for row in packed.rows]
        _, _, error_of = future.value
        if error_of is None:
            return [Result(row.id, ok=True) for row in packed.rows]
        errors = [error_of(index) for index in range(len(packed.rows))]
        # One refused batch makes the idempotent producer give up all the others, with the same error.
        permanent = batch.final_state is not FinalState.ABORTED and any(isinstance(one, PERMANENT) for one in errors)
        if permanent and len(packed.rows) > 1:
            # The broker refuses a batch whole. Which row is to blame, or only their sum, shows when each goes alone.
            self._alone_until = time.monotonic() + ALONE
            self._batch_bytes = SMALL_BATCH_BYTES
            permanent = False
        return [
            _failed(row, f"{type(error).__name__}: {error}", permanent=permanent)
            for row, error in zip(packed.rows, errors, strict=True)
        ]


def _failed(row: Row, error: str, *, permanent: bool = False) -> Result:
    return Result(row.id, ok=False, error=error, permanent=permanent)


def _by_destination(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.destination, []).append(row)
    return found


def _by_partition(topic: str, rows: Sequence[Row], partitions: Sequence[int]) -> dict[TopicPartition, list[Row]]:
    """As the default partitioner of Kafka's own clients does it: a key stays where it was."""
    count, name = len(partitions), full_topic(topic)
    places = [TopicPartition(name, partition) for partition in partitions]
    found: dict[TopicPartition, list[Row]] = {}
    for row in rows:
        found.setdefault(places[key_hash(row.key) % count], []).append(row)
    return found
