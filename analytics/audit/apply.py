"""From events to audit entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction

from messaging.envelope import Envelope

COLUMNS = (
    'generation, topic, partition, "offset", key, sequence, event_id, type, time, recorded_at, actor_role, payload'
)
COPY = f"COPY analytics_auditentry ({COLUMNS}) FROM STDIN"
INSERT = f"""
    INSERT INTO analytics_auditentry ({COLUMNS}) VALUES ({", ".join(["%s"] * 12)})
    ON CONFLICT (generation, event_id) DO NOTHING
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add an entry for each event. Events without a sequence are known by their id alone, when they come again."""
    rows = [
        (
            generation,
            event.topic,
            event.partition,
            event.offset,
            event.key,
            event.sequence,
            event.id,
            event.type,
            event.time,
            event.recorded_at,
            str(getattr(event.data, "by", ""))[:40],
            # The record's own bytes, not the typed event: a newer writer's fields are kept too.
            event.raw.decode(),
        )
        for event in events
    ]
    try:
        with transaction.atomic():
            _copy(rows)
    except IntegrityError:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, rows)


def _copy(rows: Sequence[tuple[Any, ...]]) -> None:
    """At half of PostgreSQL's time for an INSERT; but COPY cannot pass over an entry that is there already.

    Raises:
        django.db.IntegrityError: one is.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)
