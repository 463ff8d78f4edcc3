"""Every queue and topic of the system: what is declared here is what `manage.py topology` makes.

The numbers are promises to readers and workers, so they are changed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from .sqs.client import queue_url as queue_url

#: Suffix of a queue's dead-letter queue.
DEAD = "-dead"
FOURTEEN_DAYS = 14 * 24 * 3600
FOR_EVER = -1
ONE_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and, beside it, `<name>-dead`, to which SQS moves what was received `max_receives` times."""

    name: str
    work: str
    visibility_seconds: int
    max_receives: int
    retention_seconds: int = FOURTEEN_DAYS


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. Its number of partitions is fixed at birth: another number would send a key's later events elsewhere."""

    name: str
    partitions: int
    retention_ms: int = FOR_EVER
    #: Only each key's latest record is wanted. Compaction spares the segment that is written to, so it is kept small.
    compacted: bool = False

    def configs(self) -> dict[str, str]:
        """The broker's own names and values."""
        small = {"segment.bytes": str(32 * 1024 * 1024), "segment.ms": str(10 * 60 * 1000)}
        return (small if self.compacted else {}) | {
            "cleanup.policy": "compact,delete" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
            "retention.bytes": "-1",
            # One copy may be away and writes go on; with fewer they stop, because acks=all then proves nothing.
            "min.insync.replicas": str(max(1, settings.KAFKA_REPLICATION_FACTOR - 1)),
        }


def queues() -> tuple[Queue, ...]:
    """Declared queues."""
    work = {
        "payments": "authorise, capture, void, refund",
        "dispatch": "rounds, offer expiry, release",
        "notices": "one notice to one person on one channel",
        "alerts": "incident responses",
    }
    visibility, receives = settings.VISIBILITY_SECONDS, settings.MAX_RECEIVES
    return tuple(
        Queue(name, work=text, visibility_seconds=visibility, max_receives=receives) for name, text in work.items()
    )


def topics() -> tuple[Topic, ...]:
    """Declared topics; how many can work on orders at once is a matter of the installation's size."""
    return (
        Topic("orders.events", partitions=settings.KAFKA_ORDER_PARTITIONS),
        Topic("payments.transactions", partitions=settings.KAFKA_ORDER_PARTITIONS),
        Topic("couriers.events", partitions=2),
        Topic("restaurants.events", partitions=2),
        # Where somebody was is forgotten after a day, the latest place too.
        Topic("couriers.positions", partitions=2, retention_ms=ONE_DAY_MS, compacted=True),
        Topic("behaviour.events", partitions=2, retention_ms=30 * ONE_DAY_MS),
        Topic("notices.events", partitions=1, retention_ms=ONE_DAY_MS),
        Topic("pricing.ticks", partitions=2, retention_ms=7 * ONE_DAY_MS),
        Topic("pricing.fees", partitions=2),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what is declared and what is there; `applied` False when it was only found."""

    kind: str
    name: str
    what: str
    applied: bool


def apply(*, change: bool = True, report: Callable[[Change], None] = lambda change: None) -> list[Change]:
    """Make queues and topics what is declared, or with `change=False` only compare. Safe to repeat and to race.

    Raises:
        messaging.kafka.Unreachable: no Kafka broker answers.
        botocore.exceptions.BotoCoreError, ClientError: SQS does not answer, or refuses.
    """
    # Imported here: both import the table above.
    from .sqs.queues import align_queues
    from .topics import align_topics

    changes: list[Change] = []
    for found in (*align_queues(queues(), change=change), *align_topics(topics(), change=change)):
        report(found)
        changes.append(found)
    return changes
