"""Filling a topic again from the database's own history: for one that was deleted, or a cluster that was lost.

A room that keeps the history of a topic's streams says how to owe it anew, in its module `republish.py`:

    @republishes("orders.events")
    def republish_orders() -> int:
        return owe("orders.events", FACTS, writers="orders_order")

Event ids, sequences and times stay what they were: readers tell every repeat by its sequence and apply nothing twice.
Stop the relay meanwhile. Else what it tells before the older facts are owed again comes before them, and although
readers put that right, the topic stays out of order for whoever reads it next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

from .outbox import shard_of

#: Writes outbox rows for a topic's whole history, in the order of each stream, and returns how many.
Source = Callable[[], int]

# Rows that were still owed are in the history too: they go, and come back in their place behind those before them.
FORGET = "DELETE FROM messaging_outboxrow WHERE road = 'kafka' AND destination = %s"
OWE = """
    INSERT INTO messaging_outboxrow (road, shard, destination, type, key, sequence, message_id, time, payload,
        traceparent, delay_seconds, recorded_at)
    SELECT 'kafka', lane.shard, %s, told.type, told.key, told.sequence, told.event_id, told.time, told.payload, '', 0,
        told.recorded_at
    FROM ({facts}) AS told JOIN unnest(%s::text[], %s::smallint[]) AS lane (key, shard) USING (key)
    ORDER BY told.place
"""

_sources: dict[str, Source] = {}


class CannotRepublish(LookupError):
    """No room keeps the history of this topic."""


def republishes(topic: str) -> Callable[[Source], Source]:
    """Declare the decorated function as the topic's source."""

    def declare(source: Source) -> Source:
        if topic in _sources:
            raise RuntimeError(f"two sources are declared for {topic}")
        _sources[topic] = source
        return source

    return declare


@transaction.atomic
def owe(topic: str, facts: str, *, writers: str, values: Sequence[Any] = ()) -> int:
    """Owe a topic these facts, and nothing else; how many they are. `facts` is a SELECT of place (the order in which
    they go), type, key, sequence, event_id, time, payload (bytes) and recorded_at.

    `writers` are the tables whose rows are changed before an outbox id is drawn for the topic. They stand still until
    all is written: so no id below ours is still to be committed, and no key's later fact can leave before its earlier.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {writers} IN SHARE MODE")
        cursor.execute(FORGET, [topic])
        return owe_in_order(topic, facts, values=values)


def owe_in_order(topic: str, facts: str, *, values: Sequence[Any] = ()) -> int:
    """The outbox rows of these facts, written in the open transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT key FROM ({facts}) AS told", values)
        keys = [key for (key,) in cursor.fetchall()]
        cursor.execute(OWE.format(facts=facts), [topic, *values, keys, [shard_of(key) for key in keys]])
        owed: int = cursor.rowcount
    return owed


def republish(topic: str) -> int:
    """Owe a topic's whole history to it again; the relay does the rest. Returns the number of events.

    Raises:
        CannotRepublish: its history is not kept.
    """
    autodiscover_modules("republish")
    if topic not in _sources:
        raise CannotRepublish(
            f"the history of {topic} is not kept, so it cannot be filled again: only {', '.join(sorted(_sources))} can"
        )
    return _sources[topic]()
