"""Kafka of a test's own, for rows that kill, pause or multiply it; this process and its children are pointed at it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.test import override_settings

from config.embedded import paths
from config.embedded.cluster import KafkaCluster, throwaway_cluster
from config.embedded.kafka import Kafka
from config.embedded.ports import choose_port


@contextlib.contextmanager
def own_broker(home: Path) -> Iterator[Kafka]:
    """The embedded single node, a second one beside the session's."""
    port = choose_port()
    broker = Kafka(home, port=port, controller_port=choose_port(avoid=[port]))
    try:
        broker.start()
        with pointed_at({"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers()}):
            yield broker
    finally:
        if broker.started:
            broker.kill()
        paths.remove_data(home)


@contextlib.contextmanager
def own_cluster(home: Path, *, size: int = 3) -> Iterator[KafkaCluster]:
    """Several nodes; topics are made with a copy on each."""
    with throwaway_cluster(home, size=size) as cluster, pointed_at(cluster.env()):
        yield cluster


@contextlib.contextmanager
def pointed_at(env: Mapping[str, str]) -> Iterator[None]:
    """Settings and environment as a process started with these variables would have them."""
    before = dict(os.environ)
    os.environ.update(env)
    changed: dict[str, object] = {"KAFKA_BOOTSTRAP_SERVERS": env["KAFKA_BOOTSTRAP_SERVERS"].split(",")}
    if copies := env.get("KAFKA_REPLICATION_FACTOR"):
        changed["KAFKA_REPLICATION_FACTOR"] = int(copies)
    try:
        with override_settings(**changed):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
