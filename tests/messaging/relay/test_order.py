"""Within a key, Kafka gets what was committed, in the order of its commits, whoever commits when."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from messaging.models import OutboxRow
from messaging.outbox import publish
from messaging.relay.kafka import EventSender
from messaging.relay.road import Road
from tests.messaging.streams import NOON, a_fact, a_key, make_topic, owe, read_all, sequences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def drain() -> int:
    return Road("kafka", EventSender).drain()


def test_a_row_whose_transaction_commits_late_is_sent_though_later_ids_went_before_it() -> None:
    make_topic()
    early, late = a_key(), a_key()
    drawn, go = threading.Event(), threading.Event()

    def write_early_and_commit_late() -> None:
        with transaction.atomic():
            publish(a_fact(early), key=early, sequence=1, at=NOON)
            drawn.set()
            assert go.wait(20)
        connections.close_all()

    # Given a transaction that has drawn its outbox id but not committed, and one with a higher id that has
    thread = threading.Thread(target=write_early_and_commit_late)
    thread.start()
    assert drawn.wait(10)
    owe(late, 1)
    # When the relay drains in between
    assert drain() == 0
    assert [event.key for event in read_all()] == [late]
    go.set()
    thread.join()
    # Then the lower id is not passed over
    assert OutboxRow.objects.count() == 1
    assert drain() == 0
    assert sorted(event.key for event in read_all()) == sorted([early, late])


def test_two_transactions_racing_for_one_order_leave_in_the_order_of_its_lock() -> None:
    """The owning row is locked before the id is drawn: ids of a key rise in commit order."""
    make_topic()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS test_owner (key text PRIMARY KEY, version int NOT NULL)")
        keys = [a_key() for _ in range(4)]
        cursor.executemany("INSERT INTO test_owner VALUES (%s, 0)", [[key] for key in keys])
    stop = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for turn in range(40):
                key = keys[turn % len(keys)]
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE test_owner SET version = version + 1 WHERE key = %s RETURNING version", [key]
                    )
                    publish(a_fact(key), key=key, sequence=cursor.fetchone()[0], at=NOON)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    road = Road("kafka", EventSender)
    relay = threading.Thread(target=road.run, args=(stop,))
    relay.start()
    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    relay.join()
    drain()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_owner")

    assert failures == []
    events = read_all()
    for key in keys:
        assert sequences(events, key) == list(range(1, 41))


def test_a_batch_deletes_only_what_each_key_has_acknowledged_without_a_hole() -> None:
    """Row 2 of the key is refused for good; 1 goes, 3 waits behind it, and another key is not held up."""
    make_topic()
    key, other = a_key(), a_key()
    owe(key, 1)
    owe(key, 2)
    owe(key, 3)
    owe(other, 1)
    OutboxRow.objects.filter(key=key, sequence=2).update(payload=b'"' + b"x" * 2_000_000 + b'"')

    assert drain() == 2

    assert [(row.sequence, row.blocked) for row in OutboxRow.objects.order_by("id")] == [(2, True), (3, False)]
    events = read_all()
    assert sequences(events, key) == [1]
    assert sequences(events, other) == [1]
    # And a later drain passes over the blocked key without another attempt
    owe(other, 2)
    assert drain() == 2
    assert OutboxRow.objects.get(sequence=2, key=key).attempts == 1
    assert sequences(read_all(), other) == [1, 2]
