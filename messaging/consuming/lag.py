"""How far each group is behind its topics, for pages and checks."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from messaging import kafka
from messaging.models import StoredOffset
from messaging.names import full_topic

from .group import Group
from .positions import live_number

#: Seconds an answer about the topics' ends is good for: a page that refreshes itself asks no broker each time.
FRESH = 1.0
#: Seconds after a failure in which no broker is asked again.
SILENT = 3.0


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """`position` is the next offset to apply, `end` the next the topic will give; None while Kafka is silent."""

    topic: str
    partition: int
    position: int
    end: int | None

    @property
    def lag(self) -> int | None:
        return None if self.end is None else max(0, self.end - self.position)


class Ends:
    """The topics' end offsets, from one client a process, asked by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consumer: KafkaConsumer | None = None
        self._known: dict[str, tuple[float, dict[int, int]]] = {}
        self._silent_until = 0.0

    def of(self, topic: str) -> dict[int, int] | None:
        """End offset by partition, or None while no broker answers (asked for at most a few seconds)."""
        name = full_topic(topic)
        with self._lock:
            known = self._known.get(name)
            if known and time.monotonic() - known[0] < FRESH:
                return known[1]
            if time.monotonic() < self._silent_until:
                return None
            try:
                if self._consumer is None:
                    self._consumer = kafka.consumer(request_timeout_ms=3000, bootstrap_timeout_ms=2000)
                partitions = self._consumer.partitions_for_topic(name) or set()
                ends = self._consumer.end_offsets([TopicPartition(name, one) for one in partitions], timeout_ms=3000)
            except (KafkaError, kafka.Unreachable):
                # Others wait for this lock: not each of them should wait out the same silence.
                self._silent_until = time.monotonic() + SILENT
                consumer, self._consumer = self._consumer, None
                if consumer is not None:
                    kafka.close_quietly(consumer, timeout_ms=0)
                return None
            found = {partition.partition: end for partition, end in ends.items()}
            self._known[name] = (time.monotonic(), found)
            return found


_ends = Ends()


def ends_of(topic: str) -> dict[int, int] | None:
    """End offset by partition of a topic (its plain name), or None while no broker answers."""
    return _ends.of(topic)


def lag(group: Group) -> list[PartitionLag]:
    """Each partition of the group's topics, from PostgreSQL's stored offsets: Kafka's committed ones follow later."""
    stored = {
        (row.topic, row.partition): row.position
        for row in StoredOffset.objects.filter(group=group.name, generation=live_number(group.name))
    }
    found: list[PartitionLag] = []
    for topic in group.topics:
        ends = _ends.of(topic)
        partitions = sorted({one for name, one in stored if name == topic} | set(ends or {}))
        found += [
            PartitionLag(topic, one, stored.get((topic, one), 0), None if ends is None else ends.get(one))
            for one in partitions
        ]
    return found


def total_lag(group: Group) -> int | None:
    """Records the group has yet to apply; None while Kafka is silent."""
    lags = [one.lag for one in lag(group)]
    return None if not lags or any(one is None for one in lags) else sum(one or 0 for one in lags)
