"""Exactly once: who dies between the work and saying so, and what makes the effect single all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, connection, transaction

from messaging import kafka

from .notes import Notes
from .queues import delete, give_back, send, take_all
from .stage import Stage
from .topics import join, produce, read, reader

COUNT = 10


class Effects:
    """A table of this connection alone: what handling a message leaves in the database."""

    def __init__(self, name: str) -> None:
        self.name = name

    def add(self, body: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {self.name} VALUES (%s)", [body])

    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.name}")
            return int(cursor.fetchone()[0])


@contextmanager
def effects(name: str, *, unique: bool) -> Iterator[Effects]:
    """An empty table, gone after the block."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} (body text{' PRIMARY KEY' if unique else ''})")
    try:
        yield Effects(name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")


def once(stage: Stage, notes: Notes) -> None:
    notes.do("a worker and a reader that die after the work and before saying that it is done; then the next one")
    with effects("compare_bare", unique=False) as bare, effects("compare_unique", unique=True) as unique:
        url = stage.queue("once", VisibilityTimeout=30)
        send(stage.client, url, ["charge-17"])
        [message] = take_all(stage.client, url, 1)
        work(bare, unique, "charge-17")
        # It dies here; handing the message back stands for the timeout that would run out.
        give_back(stage.client, url, message)
        [message] = take_all(stage.client, url, 1)
        work(bare, unique, "charge-17")
        delete(stage.client, url, [message])
        notes.sqs(f"the work was done {bare.count()} times", held=bare.count() == 2)
        notes.sqs(
            f"with a unique index in the database its effect is there {unique.count()} time", held=unique.count() == 1
        )
    bare_count, stored_count = read_twice(stage)
    notes.kafka(
        f"{COUNT} records, a reader that dies before it commits: {bare_count} effects", held=bare_count == 2 * COUNT
    )
    notes.kafka(f"with the offset stored in the transaction of the effect: {stored_count}", held=stored_count == COUNT)
    hidden, there = aborted(stage)
    notes.kafka(
        f"within Kafka, a transaction that was given up: {there} records are in the topic, a reader of committed ones"
        f" sees {hidden}",
        held=(hidden, there) == (0, COUNT),
    )
    notes.build("on both sides: a unique index, a conditional update, or the offset stored with the effect")
    notes.limit("Kafka's transactions span its own topics; neither a database nor a call to a bank can be part of one.")


def work(bare: Effects, unique: Effects, body: str) -> None:
    bare.add(body)
    try:
        with transaction.atomic():
            unique.add(body)
    except IntegrityError:
        # Somebody has done it: nothing to do, and no check before the write that could be out of date.
        return


def read_twice(stage: Stage) -> tuple[int, int]:
    """Effects of a reader that dies before its commit, and of one that keeps its offset with them."""
    topic = stage.topic("once")
    produce(stage.producer, topic, [str(number) for number in range(COUNT)])
    group = stage.group("once")
    with effects("compare_bare", unique=False) as bare, effects("compare_stored", unique=False) as stored:
        position = 0
        for _ in range(2):
            consumer = stage.consumer(group=group)
            join(consumer, topic)
            with transaction.atomic():
                for record in read(consumer, COUNT):
                    bare.add(record.value.decode())
                    if record.offset >= position:
                        stored.add(record.value.decode())
                        position = record.offset + 1
            # Dies without telling Kafka how far it came; what it stored beside its effects is still there.
            stage.leave(consumer)
        return bare.count(), stored.count()


def aborted(stage: Stage) -> tuple[int, int]:
    """Records of an aborted transaction that a reader of committed ones sees, and that any other reader sees."""
    topic = stage.topic("once-aborted")
    producer = kafka.producer(transactional_id=stage.group("once-sender"), linger_ms=0)
    try:
        producer.init_transactions()
        producer.begin_transaction()
        produce(producer, topic, [str(number) for number in range(COUNT)])
        producer.abort_transaction()
    finally:
        producer.close(timeout=5)
    there = len(read(reader(stage, topic, isolation_level="read_uncommitted"), COUNT))
    hidden = len(read(reader(stage, topic, isolation_level="read_committed"), 0, quiet=0.5))
    return hidden, there
