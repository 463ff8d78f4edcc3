"""Where a partition is to be read from: its stored offset, put right where it points outside the log.

A topic that was deleted and made again has its old name and other records. Kafka gives it another id, its incarnation,
and so the stored offsets say of which one they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.db import transaction
from kafka import KafkaConsumer

from .positions import live_number, lock_position, store_position


class TopicChanged(Exception):
    """The topic is not the one this session began with, or its log is not: begin again with fresh metadata."""


class Incarnations:
    """Which incarnation of each topic a consumer began with, by the topic's full name."""

    def __init__(self, consumer: KafkaConsumer, names: Iterable[str]) -> None:
        self._cluster = consumer._cluster
        self._names = tuple(names)
        self._began: dict[str, str] = {}

    def now(self, name: str) -> str:
        """As the client knows it; empty while it does not. For a topic that is not there a broker says 0."""
        found = self._cluster.topic_id(name)
        return str(found) if found and found.int else ""

    def began(self, name: str) -> str:
        return self._began.get(name, "")

    def check(self) -> None:
        """
        Raises:
            TopicChanged: what the client still holds was fetched from another incarnation.
        """
        for name in self._names:
            now = self.now(name)
            if now and self._began.setdefault(name, now) != now:
                raise TopicChanged(f"topic {name} was deleted and made again")


class Log(NamedTuple):
    """A partition as Kafka has it: its first offset, the one after its last, and its topic's incarnation."""

    first: int
    end: int
    incarnation: str


def stored_position(group: str, topic: str, partition: int, log: Log, *, tell: Callable[[str, str], None]) -> int:
    """The offset to read next; where the stored one is not in the log any more the log's first, which is told.

    Going back to the log's start is always safe: what was applied is known by its sequence.
    """
    with transaction.atomic():
        position = lock_position(group, live_number(group), topic, partition, incarnation=log.incarnation)
        remade = bool(log.incarnation and position.incarnation and log.incarnation != position.incarnation)
        if not remade and log.first <= position.next <= log.end:
            return position.next
        store_position(position, next=log.first, incarnation=log.incarnation or position.incarnation, applied=0)
    if position.next > 0 or remade:
        why = (
            "was deleted and made again"
            if remade
            else "has lost its end"
            if position.next > log.end
            else "no longer holds records that were not read yet"
        )
        tell(
            "topic_changed",
            f"{topic}[{partition}] {why} (stored offset {position.next}, log {log.first} to {log.end})."
            " It is read from its start; what is known by its sequence is not applied again.",
        )
    return log.first
