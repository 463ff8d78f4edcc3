"""From events to audit entries, each chained to the one before it in its partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from messaging.consuming.copying import NULL, copy_in, escaped
from messaging.envelope import Envelope

from .chain import CHECKPOINT_EVERY, Fact, genesis, in_utc, link, sign

COPY = (
    'COPY analytics_auditentry (generation, topic, partition, position, "offset", key, sequence, event_id, type, time,'
    " recorded_at, actor_role, actor_id, payload, hash) FROM STDIN"
)
KNOWN = "SELECT event_id FROM analytics_auditentry WHERE generation = %s AND event_id = ANY(%s)"
HEAD = (
    'SELECT count, "offset", hash FROM analytics_audithead'
    " WHERE generation = %s AND topic = %s AND partition = %s FOR UPDATE"
)
STORE_HEAD = """
    INSERT INTO analytics_audithead (generation, topic, partition, count, "offset", hash, signature)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (generation, topic, partition) DO UPDATE SET
        count = EXCLUDED.count, "offset" = EXCLUDED."offset", hash = EXCLUDED.hash, signature = EXCLUDED.signature
"""
STORE_CHECKPOINT = """
    INSERT INTO analytics_auditcheckpoint (generation, topic, partition, count, "offset", hash, signature)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class Head(NamedTuple):
    """A chain so far: how many entries, and of the last its offset and hash."""

    entries: int
    offset: int
    hash: str


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add an entry for each event. Events without a sequence are known by their id alone, when they come again."""
    places: dict[tuple[str, int], list[Envelope]] = {}
    for event in events:
        places.setdefault((event.topic, event.partition), []).append(event)
    for (topic, partition), some in places.items():
        _extend(generation, topic, partition, some)


def _extend(generation: int, topic: str, partition: int, events: Sequence[Envelope]) -> None:
    """Lengthen one partition's chain: entries, head and checkpoints, in the runtime's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD, [generation, topic, partition])
        row = cursor.fetchone()
    before = Head(*row) if row else Head(0, -1, genesis(topic, partition))
    block, heads = _chain(generation, topic, partition, before, events)
    try:
        with transaction.atomic():
            copy_in(COPY, block)
    except IntegrityError:
        block, heads = _chain(generation, topic, partition, before, _unknown(generation, events))
        copy_in(COPY, block)
    if not heads:
        return
    with connection.cursor() as cursor:
        for head in heads:
            if head.entries % CHECKPOINT_EVERY == 0:
                cursor.execute(STORE_CHECKPOINT, _signed(generation, "checkpoint", topic, partition, head))
        cursor.execute(STORE_HEAD, _signed(generation, "head", topic, partition, heads[-1]))


def _signed(generation: int, what: str, topic: str, partition: int, head: Head) -> list[Any]:
    signature = sign(settings.AUDIT_KEY, what, topic, partition, head.entries, head.offset, head.hash)
    return [generation, topic, partition, *head, signature]


def _chain(
    generation: int, topic: str, partition: int, before: Head, events: Sequence[Envelope]
) -> tuple[str, list[Head]]:
    """The entries as a block of COPY's text format, and the heads to sign: every checkpoint's, and the last.

    psycopg formats value by value, at several times the price of a line in one piece.
    """
    lines: list[str] = []
    heads: list[Head] = []
    position, offset, head = before
    place = f"{generation}\t{escaped(topic)}\t{partition}"
    for event in events:
        position, offset = position + 1, event.offset
        # The record's own bytes, not the typed event: a newer writer's fields are kept too.
        payload = event.raw.decode()
        role = str(getattr(event.data, "by", ""))[:40]
        actor: int | None = getattr(event.data, "actor_id", None)
        key, sequence, kind, event_id = event.key, event.sequence, event.type, str(event.id)
        time, written = in_utc(event.time), in_utc(event.recorded_at) if event.recorded_at else None
        head = link(head, Fact(position, offset, key, sequence, event_id, kind, time, written, role, actor, payload))
        lines.append(
            f"{place}\t{position}\t{offset}\t{escaped(key)}\t{NULL if sequence is None else sequence}\t{event_id}"
            f"\t{kind}\t{time}\t{written or NULL}\t{escaped(role)}\t{NULL if actor is None else actor}"
            f"\t{escaped(payload)}\t{head}\n"
        )
        if position % CHECKPOINT_EVERY == 0:
            heads.append(Head(position, offset, head))
    if lines and (not heads or heads[-1].entries != position):
        heads.append(Head(position, offset, head))
    return "".join(lines), heads


def _unknown(generation: int, events: Sequence[Envelope]) -> list[Envelope]:
    """The events that have no entry so far, each once."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [generation, [event.id for event in events]])
        seen = {row[0] for row in cursor.fetchall()}
    fresh = []
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            fresh.append(event)
    return fresh
