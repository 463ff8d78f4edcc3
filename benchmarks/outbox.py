"""An outbox to drain: database and topics of a benchmark's own, rows by the hundred thousand, a reader's clock."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.processes import Process, ended_by_a_signal, running

ROOT = Path(__file__).resolve().parents[1]
TOPIC = "orders.events"
PARTITIONS = 4
#: Bytes of an event's data, and events of one order.
EVENT_BYTES, PER_KEY = 240, 8

PREFILL = """
    INSERT INTO messaging_outboxrow (road, shard, destination, type, key, sequence, message_id, time, payload,
        traceparent, delay_seconds)
    SELECT 'kafka', key.shard, %(topic)s, 'order.ready', key.key, n, gen_random_uuid(), clock_timestamp(),
        convert_to(rpad(
            '{"order_id":"' || key.key || '","restaurant_id":1,"customer_id":2,"zone":"centre","status":"ready",'
            || '"by":"system","reason":"', %(bytes)s - 2, 'x') || '"}', 'UTF8'),
        '', 0
    FROM unnest(%(keys)s::text[], %(shards)s::int[]) WITH ORDINALITY AS key(key, shard, place),
        generate_series(1, %(each)s) AS n
    ORDER BY n, key.place
"""


#: What logical decoding needs of PostgreSQL.
LOGICAL = {"wal_level": "logical", "max_wal_size": "2GB"}


@contextlib.contextmanager
def servers(settings: Mapping[str, str] = LOGICAL) -> Iterator[dict[str, str]]:
    """A throwaway stack, its PostgreSQL with these settings, and its addresses."""
    from config.embedded import paths
    from config.embedded.stack import Stack

    home = Path(tempfile.mkdtemp(dir=_made(paths.home() / "benchmarks")))
    stack = Stack(home)
    stack.postgres.settings |= settings
    try:
        with ended_by_a_signal(), stack:
            yield stack.env() | {"FORKROAD_HOME": str(home), "FORKROAD_NAMESPACE": "bench"}
    finally:
        paths.remove_data(home)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare(env: dict[str, str]) -> None:
    """Point this process's Django at the servers, and make tables and the topic there."""
    os.environ |= env | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    make_topic()


def make_topic(topic: str = TOPIC) -> None:
    from messaging import kafka
    from messaging.names import full_topic

    with contextlib.closing(kafka.admin()) as admin:
        admin.create_topics(
            {full_topic(topic): {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True
        )


def prefill(events: int) -> float:
    """Rows of EVENT_BYTES, PER_KEY to an order, the orders' rows interleaved; returns when their commit began."""
    from django.db import connection, transaction

    from messaging.outbox import shard_of

    keys = [str(uuid.uuid4()) for _ in range(max(1, events // PER_KEY))]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            PREFILL,
            {
                "topic": TOPIC,
                "bytes": EVENT_BYTES,
                "keys": keys,
                "shards": [shard_of(key) for key in keys],
                "each": PER_KEY,
            },
        )
        return time.perf_counter()


def waiting() -> bool:
    from messaging.models import OutboxRow

    return OutboxRow.objects.exists()


@contextlib.contextmanager
def relays(count: int) -> Iterator[list[Process]]:
    """Relay processes of the Kafka road; each is up and has its lanes when the block begins."""
    with running(*[("manage.py", "relay", "--road", "kafka")] * count) as started:
        time.sleep(1.5)  # Lanes are shared out once a second.
        yield started


@contextlib.contextmanager
def ends(topic: str) -> Iterator[Callable[[], int]]:
    """A function that says how many records a topic has."""
    from kafka import TopicPartition

    from messaging import kafka

    consumer = kafka.consumer()
    places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    try:
        yield lambda: sum(consumer.end_offsets(places).values())
    finally:
        kafka.close_quietly(consumer, timeout_ms=0)


class Clock:
    """Reads a topic from its end, in a thread, and notes when each event came, by its key."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.arrived: dict[str, float] = {}
        self._stop, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Clock:
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError(f"no reader of {self.topic} within 30 s")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        from kafka import TopicPartition

        from messaging import kafka

        consumer = kafka.consumer(fetch_max_wait_ms=500)
        places = [TopicPartition(self.topic, number) for number in consumer.partitions_for_topic(self.topic) or ()]
        consumer.assign(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, end)
        consumer.poll(timeout_ms=100)
        self._ready.set()
        while not self._stop.is_set():
            for records in consumer.poll(timeout_ms=200).values():
                now = time.perf_counter()
                for record in records:
                    self.arrived[bytes(record.key).decode()] = now
        kafka.close_quietly(consumer, timeout_ms=0)
