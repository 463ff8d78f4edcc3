"""From events to audit entries."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from messaging.envelope import Envelope

INSERT = """
    INSERT INTO analytics_auditentry (generation, topic, partition, "offset", key, sequence, event_id, type, time,
        recorded_at, actor_role, payload)
    SELECT %s, * FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::text[], %s::bigint[], %s::uuid[], %s::text[],
        %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[])
    ON CONFLICT (generation, event_id) DO NOTHING
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Add an entry for each event. Events without a sequence are known by their id alone, when they come again."""
    rows = [
        (
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
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [generation, *(list(column) for column in zip(*rows, strict=True))])
