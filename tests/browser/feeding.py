"""Letting the consumer groups read what happened, without a broker: read models that show something."""

from __future__ import annotations

from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import all_groups
from messaging.consuming.records import Record as Read
from tests.market.market import owed
from tests.messaging.streams import Record

Told = dict[str, list[Record]]


class Readers:
    """Every consumer group, each of which has read as far as it was told."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}

    def feed(self, told: Told) -> Told:
        """Let every group read these records (topic → records) and what the outbox owes to Kafka; all that was told."""
        found: Told = {}
        while told := {**told, **owed()}:
            for topic, records in told.items():
                self._tell(topic, records)
                found.setdefault(topic, []).extend(records)
            told = {}
        return found

    def _tell(self, topic: str, records: list[Record]) -> None:
        start = self._read.get(topic, 0)
        self._read[topic] = start + len(records)
        for group in all_groups():
            if topic not in group.topics:
                continue
            read = []
            for offset, record in enumerate(records, start):
                headers, value = record.parts()
                read.append(Read(topic=topic, partition=0, offset=offset, headers=headers, value=value))
            apply_batch(group, Batch(topic, 0, start=start, next=start + len(read), records=read))
