"""The relay's statements on the outbox. Each is its own transaction: an outbox row is never locked while sending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from .sending import Answer, Row

# Ids and times as the text that goes into a record: PostgreSQL writes it in a quarter of the time that Python takes to
# make objects of them and text of those.
RFC_3339: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'"""
COLUMNS: LiteralString = f"""
    o.id, o.shard, o.destination, o.type, o.key, o.sequence, o.message_id::text,
    to_char(o.time AT TIME ZONE 'UTC', {RFC_3339}), o.payload, o.traceparent, o.delay_seconds,
    to_char(o.recorded_at AT TIME ZONE 'UTC', {RFC_3339}), o.attempts
"""

# By presence: whatever is there, oldest first. A cursor (`id > last`) would pass over a row whose transaction drew
# its id early and committed late, for ever. One statement reads every lane, each along its own index range.
SELECT: LiteralString = f"""
    SELECT {COLUMNS} FROM unnest(%(shards)s::smallint[]) AS lane(shard)
    CROSS JOIN LATERAL (
        SELECT * FROM messaging_outboxrow r
        WHERE r.road = %(road)s AND r.shard = lane.shard AND r.id <> ALL(%(sent)s::bigint[])
        ORDER BY r.id LIMIT %(limit)s
    ) AS o
"""

# The same, passing over streams that wait: else a few hundred rows of one blocked key would fill every batch.
SELECT_AROUND: LiteralString = f"""
    SELECT {COLUMNS} FROM unnest(%(shards)s::smallint[]) AS lane(shard)
    CROSS JOIN LATERAL (
        SELECT * FROM messaging_outboxrow r
        WHERE r.road = %(road)s AND r.shard = lane.shard AND r.id <> ALL(%(sent)s::bigint[])
        AND NOT EXISTS (
            SELECT FROM unnest(%(destinations)s::text[], %(keys)s::text[]) AS held(destination, key)
            WHERE held.destination = r.destination AND held.key = r.key
        )
        ORDER BY r.id LIMIT %(limit)s
    ) AS o
"""

HELD: LiteralString = """
    SELECT DISTINCT destination, key, blocked OR next_try_at > clock_timestamp() FROM messaging_outboxrow
    WHERE road = %s AND shard = ANY(%s) AND (blocked OR next_try_at IS NOT NULL)
"""


def select(
    connection: psycopg.Connection[Any],
    *,
    road: str,
    shards: Sequence[int],
    limit: int,
    held: Sequence[tuple[str, str]] = (),
    sent: Sequence[int] = (),
) -> list[Row]:
    """The oldest rows of each lane by id, at most `limit` a lane, without the `held` streams and the `sent` ids."""
    values: dict[str, Any] = {"road": road, "shards": list(shards), "limit": limit, "sent": list(sent)}
    if held:
        values |= {"destinations": [stream[0] for stream in held], "keys": [stream[1] for stream in held]}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(SELECT_AROUND if held else SELECT, values)
        return sorted(map(Row._make, cursor))


def held_streams(
    connection: psycopg.Connection[Any], *, road: str, shards: Sequence[int]
) -> tuple[list[tuple[str, str]], bool]:
    """Streams (destination, key) that must wait now, and whether any row still carries a mark of waiting."""
    rows = connection.execute(HELD, [road, list(shards)]).fetchall()
    return [(destination, key) for destination, key, waits in rows if waits], bool(rows)


def delete(connection: psycopg.Connection[Any], ids: Sequence[int]) -> None:
    """Forget rows whose broker has acknowledged them."""
    connection.execute("DELETE FROM messaging_outboxrow WHERE id = ANY(%s)", [list(ids)])


def record_failures(
    connection: psycopg.Connection[Any], failed: Sequence[tuple[Row, Answer]], *, hold: bool
) -> list[Row]:
    """Write attempts and errors; with `hold` each stream waits, longer each time (0.2 s doubling to 30 s).

    Returns the rows that are now blocked: refused for good, each waits for a person.
    """
    connection.execute(
        """
        UPDATE messaging_outboxrow r SET attempts = r.attempts + 1, last_error = f.error, blocked = f.permanent,
            next_try_at = CASE WHEN %s AND NOT f.permanent
                THEN clock_timestamp() + interval '1 second' * least(30, 0.2 * power(2, least(r.attempts, 10))) END
        FROM unnest(%s::bigint[], %s::text[], %s::boolean[]) AS f(id, error, permanent) WHERE r.id = f.id
        """,
        [
            hold,
            [row.id for row, _ in failed],
            [answer.error[:2000].replace("\x00", "") for _, answer in failed],
            [answer.permanent for _, answer in failed],
        ],
    )
    return [row for row, answer in failed if answer.permanent]
