"""Promises two and four: each read model equals a fold of the database's history, and can be built again.

The folds are written in SQL over `orders_orderhistory`, sharing no line with the groups' own handlers: the two
ways to the same rows check each other. A group's rows and the sequences it has applied commit together, so inside
one snapshot the history is folded up to exactly those sequences, and the comparison holds on a running system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import connection

from analytics.audit.verify import verify as walk_audit
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import all_groups, get_group
from messaging.names import full_topic
from orders.events import TOPIC

from . import lives, preparation
from .report import Violation

#: The history that a group has applied: what its read model must be a fold of.
_APPLIED = """
    WITH live AS (
        SELECT number FROM messaging_generation WHERE "group" = %(group)s AND state = 'live'
    ), applied AS (
        SELECT h.*, o.restaurant_id, o.zone FROM orders_orderhistory h
        JOIN orders_order o ON o.id = h.order_id
        JOIN messaging_streamsequence s ON s.key = h.order_id::text AND h.sequence <= s.last_sequence
        WHERE s."group" = %(group)s AND s.generation = (SELECT number FROM live) AND s.topic = ANY(%(topics)s)
    ), lines AS (
        SELECT a.order_id, a.restaurant_id, a.at, (l.line ->> 'item_id')::bigint AS item_id,
               (array_agg(left(l.line ->> 'name', 200) ORDER BY l.nth DESC))[1] AS name
        FROM applied a, jsonb_array_elements(a.payload -> 'lines') WITH ORDINALITY AS l (line, nth)
        WHERE a.type = 'order.placed' GROUP BY 1, 2, 3, 4
    ), paired AS (
        SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY item_id) AS place FROM lines
    )
"""

#: Read-model table → (group, its columns, the same columns as a fold of the history).
_FOLDS: dict[str, tuple[str, str, str]] = {
    "analytics_orderfact": (
        "metrics",
        "order_id, restaurant_id, zone, status, sequence, total, placed_at, changed_at, click_to_door_ms",
        """
        SELECT order_id, restaurant_id, left(zone, 60),
               (array_agg(new_status ORDER BY sequence DESC))[1],
               max(sequence),
               max((payload ->> 'total')::bigint) FILTER (WHERE type = 'order.placed'),
               max(at) FILTER (WHERE type = 'order.placed'),
               (array_agg(at ORDER BY sequence DESC))[1],
               round(1000 * max((payload ->> 'click_to_door_seconds')::numeric))::bigint
        FROM applied GROUP BY 1, 2, 3
        """,
    ),
    "analytics_minutecount": (
        "metrics",
        "minute, restaurant_id, status, orders",
        """
        SELECT date_trunc('minute', at, 'UTC'), restaurant_id, new_status, count(*)
        FROM applied WHERE type LIKE 'order.%%' GROUP BY 1, 2, 3
        """,
    ),
    "analytics_minutedelivery": (
        "metrics",
        "minute, restaurant_id, deliveries, click_to_door_ms, ready_to_pickup_ms",
        """
        SELECT date_trunc('minute', at, 'UTC'), restaurant_id, count(*),
               sum(round(1000 * (payload ->> 'click_to_door_seconds')::numeric))::bigint,
               sum(round(1000 * (payload ->> 'ready_to_pickup_seconds')::numeric))::bigint
        FROM applied WHERE type = 'order.delivered' GROUP BY 1, 2
        """,
    ),
    "analytics_auditentry": (
        "audit",
        "key, sequence, event_id, type, time, actor_role",
        "SELECT order_id::text, sequence, event_id, type, at, actor_role FROM applied",
    ),
    "analytics_chargerecord": (
        "compliance",
        "order_id, restaurant_id, zone, quote_id, fee, total",
        """
        SELECT order_id, restaurant_id, left(zone, 60), nullif(payload ->> 'quote_id', '')::uuid,
               (payload ->> 'delivery_fee')::bigint, (payload ->> 'total')::bigint
        FROM applied WHERE type = 'order.placed'
        """,
    ),
    "analytics_orderlife": ("dashboard", lives.COLUMNS, lives.FOLD),
    "delivery_preparationcount": ("preparation", preparation.COUNTS, preparation.FOLD_OF_COUNTS),
    "delivery_preparationopen": ("preparation", preparation.OPEN, preparation.FOLD_OF_OPEN),
    "analytics_itemcount": (
        "recommendations",
        "restaurant_id, item_id, name, orders",
        """
        SELECT restaurant_id, item_id, (array_agg(name ORDER BY at DESC, name COLLATE "C" DESC))[1], count(*)
        FROM lines GROUP BY 1, 2
        """,
    ),
    "analytics_placedbasket": (
        "recommendations",
        "order_id, customer_id, restaurant_id, restaurant, zone, placed_at, items",
        """
        SELECT order_id, (payload ->> 'customer_id')::bigint, restaurant_id, left(payload ->> 'restaurant', 80),
               left(zone, 60), at, ARRAY(SELECT DISTINCT (line ->> 'item_id')::bigint
                                         FROM jsonb_array_elements(payload -> 'lines') AS line ORDER BY 1)
        FROM applied WHERE type = 'order.placed'
        """,
    ),
    "analytics_paircount": (
        "recommendations",
        "restaurant_id, item_id, other_id, orders",
        """
        SELECT a.restaurant_id, a.item_id, b.item_id, count(*)
        FROM paired a JOIN paired b ON b.order_id = a.order_id AND b.item_id <> a.item_id
        WHERE a.place <= 20 AND b.place <= 20 GROUP BY 1, 2, 3
        """,
    ),
}

#: Where a table holds more than the order history tells (the audit reads couriers' events too).
_ONLY = {"analytics_auditentry": "AND topic = ANY(%(topics)s)"}


def _differences(group: str) -> Iterator[Violation]:
    """Rows that only the read model has, and rows that only the history gives."""
    values: dict[str, Any] = {"group": group, "topics": [TOPIC, full_topic(TOPIC)]}
    for table, (owner, columns, fold) in _FOLDS.items():
        if owner != group:
            continue
        held = f"SELECT {columns} FROM {table} WHERE generation = (SELECT number FROM live) {_ONLY.get(table, '')}"
        for side, one, other in (("only in the read model", held, fold), ("only in the history", fold, held)):
            with connection.cursor() as cursor:
                cursor.execute(f"{_APPLIED} ({one}) EXCEPT ALL ({other}) LIMIT 100", values)
                for row in cursor.fetchall():
                    yield Violation(table, f"{side}: " + ", ".join(str(value) for value in row))


#: Group → its comparison, to be run inside one repeatable-read snapshot.
FOLDS: dict[str, Callable[[], Iterator[Violation]]] = {
    group: partial(_differences, group) for group in dict.fromkeys(owner for owner, _, _ in _FOLDS.values())
}


def audit_chain_holds() -> Iterator[Violation]:
    """Every hash of the audit follows from the one before it, to the signed end."""
    for finding in walk_audit().findings:
        yield Violation(f"{finding.topic}[{finding.partition}]", str(finding))


def replayable() -> list[str]:
    """Names of the groups that may be rebuilt from the stream."""
    return [group.name for group in all_groups() if group.replayable]


def rebuilds(group: str) -> Iterator[Violation]:
    """A rebuild of the group's read model from the stream, rolled back, gives what the live one holds."""
    for difference in rebuild_and_compare(get_group(group)):
        yield Violation(difference.table, f"has a row only in the {difference.only_in} model: {difference.row}")
