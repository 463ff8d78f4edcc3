"""Orders whose history and outbox rows agree, for the rows of the matrix that are about the road to Kafka."""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from collections.abc import Iterator, Sequence

from django.db import connection, connections, transaction

from messaging import topology
from messaging.models import OutboxRow
from orders.events import OrderReady
from orders.lifecycle import SYSTEM, lock_order, record
from orders.models import Order
from tests import factories
from tests.market.market import a_market
from tests.messaging.streams import produce

# A history row and an outbox row for each fact, as `orders.lifecycle.record` writes them, without its round trips.
TELL_MANY = """
    WITH told AS MATERIALIZED (
        SELECT o.id, o.status, o.version + n AS sequence, gen_random_uuid() AS event_id, city_now() AS at,
            jsonb_build_object(
            'order_id', o.id, 'restaurant_id', o.restaurant_id, 'customer_id', o.customer_id, 'zone', o.zone,
            'status', o.status, 'by', 'system', 'reason', '', 'courier_id', o.courier_id) AS payload
        FROM orders_order o CROSS JOIN generate_series(1, %(facts)s) n WHERE o.id = ANY(%(orders)s)
    ), history AS (
        INSERT INTO orders_orderhistory (order_id, sequence, event_id, type, old_status, new_status, actor_role,
            reason, payload, at)
        SELECT id, sequence, event_id, 'order.ready', status, status, 'system', '', payload, at FROM told
    ), moved AS (
        UPDATE orders_order SET version = version + %(facts)s WHERE id = ANY(%(orders)s)
    )
    INSERT INTO messaging_outboxrow (road, shard, destination, type, key, sequence, message_id, time, payload,
        traceparent, delay_seconds)
    SELECT 'kafka', crc32(id::text::bytea) %% 8, 'orders.events', 'order.ready', id::text, sequence, event_id,
        at, convert_to((payload || jsonb_build_object('more', repeat('x', %(padding)s)))::text, 'UTF8'), '', 0
    FROM told ORDER BY sequence
"""


def place(count: int) -> list[uuid.UUID]:
    """Topics, queues and orders, placed through the real checkout; their commands are not these rows' matter."""
    topology.apply()
    orders = [factories.place_order().id for _ in range(count)]
    OutboxRow.objects.filter(road="sqs").delete()
    return orders


def tell(order_id: uuid.UUID) -> int:
    """Commit one more fact of an order; returns its sequence."""
    with transaction.atomic():
        return record(lock_order(order_id), OrderReady, by=SYSTEM).sequence


def tell_many(orders: Sequence[uuid.UUID], *, facts: int, padding: int = 0) -> int:
    """Commit so many more facts of each order at once, each with `padding` idle bytes; returns their number."""
    with transaction.atomic():
        list(Order.objects.select_for_update().filter(pk__in=orders).order_by("pk"))
        with connection.cursor() as cursor:
            cursor.execute(TELL_MANY, {"orders": list(orders), "facts": facts, "padding": padding})
            told: int = cursor.rowcount
    return told


class Writing:
    """Facts committed one by one in the background; `told` counts them."""

    def __init__(self) -> None:
        self.told = 0
        self.stop = threading.Event()
        self.error: BaseException | None = None

    def run(self, orders: Sequence[uuid.UUID], rate: float, seed: int) -> None:
        choose = random.Random(seed).choice
        due = time.monotonic()
        try:
            while not self.stop.is_set():
                tell(choose(orders))
                self.told += 1
                due = max(due + 1 / rate, time.monotonic() - 0.2)
                self.stop.wait(max(0.0, due - time.monotonic()))
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()


@contextlib.contextmanager
def writing(orders: Sequence[uuid.UUID], *, rate: float, seed: int = 0) -> Iterator[Writing]:
    """Facts of these orders, `rate` a second, until the block ends."""
    load = Writing()
    thread = threading.Thread(target=load.run, args=(orders, rate, seed), name="writing")
    thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        thread.join(30)
    assert load.error is None, load.error


@contextlib.contextmanager
def ticking() -> Iterator[threading.Event]:
    """Ticks of two zones, four a second of each, told once a second until the event is set or the block ends."""
    stop, errors = threading.Event(), list[BaseException]()

    def tick() -> None:
        try:
            while not stop.wait(1.0):
                produce(a_market(1.0), topic="pricing.ticks")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=tick, name="ticking")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
    assert not errors, errors
