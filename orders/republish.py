"""`orders.events` from the order history, for a topic that was lost."""

from __future__ import annotations

from django.db import connection, transaction

from messaging.outbox import shard_of
from messaging.republishing import republishes

from .events import TOPIC

# Rows that were still owed are in the history too: they go, and come back in their place behind those before them.
FORGET = "DELETE FROM messaging_outboxrow WHERE road = 'kafka' AND destination = %s"
OWE = """
    INSERT INTO messaging_outboxrow (road, shard, destination, type, key, sequence, message_id, time, payload,
        traceparent, delay_seconds, recorded_at)
    SELECT 'kafka', %s, %s, type, order_id::text, sequence, event_id, at, convert_to(payload::text, 'UTF8'), '', 0,
        recorded_at
    FROM orders_orderhistory WHERE order_id = ANY(%s::uuid[]) ORDER BY id
"""


@republishes(TOPIC)
def republish_orders() -> int:
    """Owe every fact of every order again, in the order of each. Orders stand still until it is written.

    A change of an order writes its row before it draws its outbox id. So with the table locked against writers no id
    below ours is still to be committed, and none of an order's later facts can leave before its earlier ones.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order IN SHARE MODE")
        cursor.execute(FORGET, [TOPIC])
        cursor.execute("SELECT id::text FROM orders_order")
        lanes: dict[int, list[str]] = {}
        for (key,) in cursor.fetchall():
            lanes.setdefault(shard_of(key), []).append(key)
        owed = 0
        for shard, keys in sorted(lanes.items()):
            cursor.execute(OWE, [shard, TOPIC, keys])
            owed += cursor.rowcount
        return owed
