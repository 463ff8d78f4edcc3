"""How long a fact takes from its transaction to a reader of Kafka, and into a read model."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.db import connection, connections
from kafka import TopicPartition

from messaging import kafka
from messaging.names import full_topic
from orders.events import TOPIC
from orders.models import OrderHistory


class Hearing:
    """Latencies of all that came since the start, in seconds of wall time from the transaction's begin to the reader.

    Both ends look at this machine's clock.
    """

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.keys: set[str] = set()
        self.listening = threading.Event()
        self.stop = threading.Event()

    def run(self) -> None:
        consumer = kafka.consumer(fetch_max_wait_ms=50)
        try:
            name = full_topic(TOPIC)
            partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
            consumer.assign(partitions)
            consumer.seek_to_end(*partitions)
            for partition in partitions:
                consumer.position(partition)
            self.listening.set()
            while not self.stop.is_set():
                polled = consumer.poll(timeout_ms=100)
                now = datetime.now(UTC)
                for records in polled.values():
                    for record in records:
                        headers = dict(record.headers)
                        self.keys.add(headers["ce_subject"].decode())
                        recorded = datetime.fromisoformat(headers["ce_recordedat"].decode())
                        self.latencies.append((now - recorded).total_seconds())
        finally:
            kafka.close_quietly(consumer)

    def percentile(self, percent: float) -> float:
        """Seconds that `percent` of all latencies do not exceed."""
        return percentile(self.latencies, percent)


@contextlib.contextmanager
def hearing() -> Iterator[Hearing]:
    """Listen to the orders' topic until the block ends."""
    heard = Hearing()
    thread = threading.Thread(target=heard.run, name="hearing")
    thread.start()
    try:
        assert heard.listening.wait(30)
        yield heard
    finally:
        heard.stop.set()
        thread.join(10)


class Applying:
    """Seconds from the commit of a fact until a group has applied it, of all that are applied in its time.

    Asked of the database again and again: right to some hundredths of a second.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.stop = threading.Event()
        self.seen: dict[tuple[str, int], datetime] = {}
        self.latencies: list[float] = []

    def last(self) -> tuple[dict[str, int], datetime]:
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT key, last_sequence, clock_timestamp() FROM messaging_streamsequence WHERE "group" = %s',
                [self.group],
            )
            rows = cursor.fetchall()
        return {key: sequence for key, sequence, _ in rows}, rows[0][2] if rows else datetime.now(UTC)

    def run(self) -> None:
        try:
            before, _ = self.last()
            while not self.stop.wait(0.01):
                now, at = self.last()
                for key, sequence in now.items():
                    for applied in range(before.get(key, 0) + 1, sequence + 1):
                        self.seen[key, applied] = at
                before = now
        finally:
            connections.close_all()

    def conclude(self) -> None:
        facts = OrderHistory.objects.values_list("order_id", "sequence", "recorded_at")
        for order, sequence, recorded in facts.iterator():
            if at := self.seen.get((str(order), sequence)):
                self.latencies.append((at - recorded).total_seconds())

    def percentile(self, percent: float) -> float:
        """Seconds that `percent` of all latencies do not exceed."""
        return percentile(self.latencies, percent)


@contextlib.contextmanager
def applying(group: str) -> Iterator[Applying]:
    """Watch a group at work until the block ends; the latencies are known after it."""
    watched = Applying(group)
    thread = threading.Thread(target=watched.run, name="applying")
    thread.start()
    try:
        yield watched
    finally:
        watched.stop.set()
        thread.join(10)
    watched.conclude()


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all do not exceed."""
    ordered = sorted(values)
    assert ordered, "nothing was measured"
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
