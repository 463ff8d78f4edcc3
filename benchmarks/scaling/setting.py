"""Servers, names and processes of one measurement."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Partitions of every topic here: as many readers of a group can share it.
PARTITIONS = 4


@dataclass
class Found:
    """What one measurement found: a rate (a second), the processes' memory in MiB, where it was taken."""

    rate: float
    memory: list[float] = field(default_factory=list)


def fresh_names(topics: Sequence[str] = ()) -> None:
    """A namespace of its own, for this process and those it starts, with these topics in it."""
    from django.conf import settings

    from messaging import kafka
    from messaging.names import full_topic

    os.environ["FORKROAD_NAMESPACE"] = settings.FORKROAD_NAMESPACE = f"s{uuid.uuid4().hex[:8]}"
    if topics:
        plan = {"num_partitions": PARTITIONS, "replication_factor": settings.KAFKA_REPLICATION_FACTOR}
        with contextlib.closing(kafka.admin()) as admin:
            admin.create_topics({full_topic(topic): dict(plan) for topic in topics}, wait_for_metadata=True)


@contextlib.contextmanager
def brokers(count: int, home: Path) -> Iterator[None]:
    """Clients of this process and its children meet so many Kafka brokers; one is what runs already."""
    from django.conf import settings

    if count == 1:
        yield
        return
    from config.embedded.cluster import throwaway_cluster

    before = settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR, dict(os.environ)
    with throwaway_cluster(home / "cluster", size=count) as cluster:
        os.environ.update(cluster.env())
        settings.KAFKA_BOOTSTRAP_SERVERS = cluster.bootstrap_servers().split(",")
        settings.KAFKA_REPLICATION_FACTOR = count
        try:
            yield
        finally:
            settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR = before[:2]
            os.environ.clear()
            os.environ.update(before[2])
