"""What the outbox refuses, and why its relay follows none of the usual recipes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction

from messaging.models import OutboxRow
from messaging.outbox import CannotPublish, publish, send
from orders.events import OrderReady
from tests import factories

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def ready() -> OrderReady:
    return OrderReady(order_id="o", restaurant_id=1, customer_id=1, zone="centre", status="ready", by="restaurant")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_owed_outside_the_transaction_of_its_change() -> None:
    with pytest.raises(CannotPublish, match="open one first"):
        send("delivery.release", key="o", order="o")
    with pytest.raises(CannotPublish, match="open one first"):
        publish(ready(), key="o", sequence=1, at=NOW)
    assert not OutboxRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_owed_goes_with_a_change_that_is_rolled_back() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        factories.alice()
        send("delivery.release", key="o", order="o")
        raise RuntimeError
    assert not OutboxRow.objects.exists()


@pytest.mark.django_db
def test_a_command_that_belongs_to_no_queue_is_refused_at_its_source() -> None:
    with pytest.raises(CannotPublish, match="nowhere"):
        send("nowhere.at_all", key="o")
    assert not OutboxRow.objects.exists()


Connection = psycopg.Connection[tuple[int | str, ...]]

TABLE = "CREATE TABLE recipe (id bigserial PRIMARY KEY, sequence int, xid xid8 DEFAULT pg_current_xact_id())"
INSERT = "INSERT INTO recipe (sequence) VALUES (%s)"


@pytest.fixture
def three(transactional_db: None) -> Iterator[tuple[Connection, Connection, Connection]]:
    """Three connections to a database with an outbox of one key: `sequence` is the order that its changes had."""
    settings = connection.settings_dict
    login = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
    with ExitStack() as stack:
        made = [
            stack.enter_context(psycopg.connect(**login, password=settings["PASSWORD"], dbname=settings["NAME"]))
            for _ in range(3)
        ]
        made[0].execute(TABLE)
        made[0].commit()
        yield made[0], made[1], made[2]
        for each in made:
            each.rollback()
        made[0].execute("DROP TABLE recipe")
        made[0].commit()


def read(reader: Connection, query: str) -> list[int]:
    found = [int(row[0]) for row in reader.execute(query)]
    reader.commit()
    return found


def test_a_reader_with_a_cursor_skips_what_commits_late(three: tuple[Connection, Connection, Connection]) -> None:
    slow, quick, reader = three
    # given: a transaction that drew its id first and commits last
    slow.execute(INSERT, [1])
    quick.execute(INSERT, [2])
    quick.commit()
    # when: the reader has come past it
    assert read(reader, "SELECT id FROM recipe WHERE id > 0 ORDER BY id") == [2]
    slow.commit()
    # then: no later look finds it, while one by presence does
    assert read(reader, "SELECT id FROM recipe WHERE id > 2 ORDER BY id") == []
    assert read(reader, "SELECT id FROM recipe ORDER BY id") == [1, 2]


def test_by_transaction_id_the_second_change_of_an_order_comes_first(
    three: tuple[Connection, Connection, Connection],
) -> None:
    early, late, reader = three
    # given: a transaction that has written something, and only then waits for the order that another changes first
    early.execute("SELECT pg_current_xact_id()")
    late.execute(INSERT, [1])
    late.commit()
    early.execute(INSERT, [2])
    early.commit()
    # then
    assert read(reader, "SELECT sequence FROM recipe ORDER BY xid, id") == [2, 1]
    assert read(reader, "SELECT sequence FROM recipe ORDER BY id") == [1, 2]


def test_two_relays_that_skip_locked_rows_send_the_second_change_before_the_first(
    three: tuple[Connection, Connection, Connection],
) -> None:
    one, other, writer = three
    writer.execute(INSERT, [1])
    writer.execute(INSERT, [2])
    writer.commit()
    take = "SELECT sequence FROM recipe ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    # given: a relay that has taken the first change and not sent it yet
    assert one.execute(take).fetchall() == [(1,)]
    # then: another takes, and may send, the second
    assert other.execute(take).fetchall() == [(2,)]
