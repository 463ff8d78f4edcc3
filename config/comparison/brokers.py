"""One broker and three: a cluster that is started for this, loses a broker, and is gone afterwards."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from kafka.errors import KafkaError

from config.embedded.cluster import KafkaCluster, throwaway_cluster
from messaging.comparison.notes import Notes
from messaging.comparison.stage import Stage
from messaging.comparison.statements import Statement
from messaging.comparison.topics import produce, read, reader

NODES = 3
PARTITIONS = 6
#: Seconds in which the cluster must have noticed that a broker is gone; it takes some nine by Kafka's defaults.
NOTICED = 60


def brokers(stage: Stage, notes: Notes) -> None:
    bodies = [f"{number:0200}" for number in range(stage.size.poured)]
    notes.do(f"{len(bodies):,} messages to one broker; to {NODES} with as many copies; and on, after one was killed")
    one = pour(stage, stage.topic("brokers", partitions=PARTITIONS), bodies)
    with (
        tempfile.TemporaryDirectory() as home,
        throwaway_cluster(Path(home) / "cluster", size=NODES) as cluster,
        pointed_at(cluster),
        Stage(stage.size) as larger,
    ):
        topic = larger.topic("brokers", partitions=PARTITIONS)
        (described,) = larger.admin.describe_topics([topic])
        leaders = Counter(int(part["leader_id"]) for part in described["partitions"])
        notes.kafka(
            f"{PARTITIONS} partitions are led by {len(leaders)} brokers, and each is kept by {NODES}",
            held=len(leaders) == NODES,
        )
        three = pour(larger, topic, bodies)
        cluster.nodes[max(leaders, key=leaders.__getitem__)].kill()
        seconds = go_on(larger, topic, [f"after {number}" for number in range(PARTITIONS)])
        notes.kafka(f"one was killed: every partition took messages again in {seconds:.1f} s", held=seconds < NOTICED)
        found = {record.value for part in range(PARTITIONS) for record in read_all(larger, topic, part)}
        lost = sum(body.encode() not in found for body in bodies)
        notes.kafka(f"of {len(bodies):,} that were acknowledged before, {lost} were lost", held=lost == 0)
    notes.table(
        "Messages written a second, each acknowledged by all its copies",
        ("", "rate"),
        (("one broker, one copy", round(one)), (f"{NODES} brokers, {NODES} copies", round(three))),
    )
    notes.limit(
        f"{NODES} brokers on one machine share its disk and its cores, and write each message {NODES} times: what is"
        " gained here is safety. That more brokers carry more needs more machines."
    )
    notes.build("SQS: nothing; how many machines keep a message is Amazon's matter")


@contextlib.contextmanager
def pointed_at(cluster: KafkaCluster) -> Iterator[None]:
    """Within the block the clients of this process meet the cluster. For a command that does nothing else meanwhile."""
    before = settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR
    settings.KAFKA_BOOTSTRAP_SERVERS = cluster.bootstrap_servers().split(",")
    settings.KAFKA_REPLICATION_FACTOR = len(cluster.nodes)
    try:
        yield
    finally:
        settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR = before


def pour(stage: Stage, topic: str, bodies: list[str]) -> float:
    """Messages a second until all copies have acknowledged all of them."""
    produce(stage.producer, topic, ["first"])
    began = time.monotonic()
    produce(stage.producer, topic, bodies, key=lambda body: body)
    return len(bodies) / (time.monotonic() - began)


def go_on(stage: Stage, topic: str, bodies: list[str]) -> float:
    """Seconds until each partition has taken a message."""
    began = time.monotonic()
    for partition, body in enumerate(bodies):
        while time.monotonic() - began < NOTICED:
            try:
                produce(stage.producer, topic, [body], partition=partition)
                break
            except KafkaError:
                # Who was its leader is gone, and the next is not chosen yet.
                time.sleep(0.2)
    return time.monotonic() - began


def read_all(stage: Stage, topic: str, partition: int) -> list[Any]:
    """Everything in a partition."""
    consumer = reader(stage, topic, partition=partition, max_poll_records=500)
    (end,) = consumer.end_offsets(list(consumer.assignment())).values()
    return read(consumer, end, within=NOTICED)


BROKERS = Statement("brokers", "Kafka grows, and loses nothing with a broker, by more brokers.", brokers)
