"""Rows onto Kafka: an idempotent producer, and a look at every single acknowledgement."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from messaging import kafka
from messaging.envelope import encode_headers
from messaging.names import full_topic

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


class EventSender:
    """Sends events; after any failed send it throws its producer away, without flushing, and makes a new one.

    What a failed producer still holds may be older than what its successor sends, so it must not send it.
    """

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._producer: KafkaProducer | None = None
        self._resting: dict[str, float] = {}

    def send(self, rows: Sequence[Row]) -> list[Result]:
        """Send a batch and wait for all its acknowledgements.

        Raises:
            messaging.kafka.Unreachable: no broker answers.
            kafka.errors.KafkaError: the producer could not start.
        """
        if self._producer is None:
            self._producer = kafka.producer(**self._changes)
        producer = self._producer
        waiting: list[tuple[Row, Any]] = []
        results: list[Result] = []
        stopped: set[tuple[str, str]] = set()
        for row in rows:
            if (row.destination, row.key) in stopped:
                continue
            result = self._hand_over(producer, row, waiting)
            if result is not None:
                stopped.add((row.destination, row.key))
                results.append(result)
        results += [self._await(row, future) for row, future in waiting]
        if not all(result.ok or result.permanent for result in results):
            self.discard()
        return results

    def discard(self) -> None:
        """Let the producer go with whatever it has not sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            kafka.discard(producer)

    def _hand_over(self, producer: KafkaProducer, row: Row, waiting: list[tuple[Row, Any]]) -> Result | None:
        if self._resting.get(row.destination, 0.0) > time.monotonic():
            return Result(row.id, ok=False, error=f"topic {row.destination} did not answer a moment ago")
        try:
            future = producer.send(
                full_topic(row.destination),
                key=row.key.encode(),
                value=row.payload,
                headers=encode_headers(
                    event_id=row.message_id,
                    type=row.type,
                    key=row.key,
                    sequence=row.sequence,
                    time=row.time,
                    recorded_at=row.recorded_at,
                    traceparent=row.traceparent,
                ),
            )
        except PERMANENT as error:
            return Result(row.id, ok=False, error=f"{type(error).__name__}: {error}", permanent=True)
        except kafka_errors.KafkaError as error:
            self._resting[row.destination] = time.monotonic() + TOPIC_REST
            return Result(row.id, ok=False, error=f"topic {full_topic(row.destination)}: {error}")
        waiting.append((row, future))
        return None

    def _await(self, row: Row, future: Any) -> Result:
        # The producer's own delivery timeout ends every future; this one only guards against a bug there.
        try:
            future.get(timeout=30)
        except PERMANENT as error:
            return Result(row.id, ok=False, error=f"{type(error).__name__}: {error}", permanent=True)
        except kafka_errors.KafkaError as error:
            return Result(row.id, ok=False, error=f"{type(error).__name__}: {error}")
        return Result(row.id, ok=True)
