"""Records of what was done are kept for a while, not for ever: old rows go, a few thousand at a time."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

#: Rows in one statement, and statements in one call: the rest waits for the next.
BATCH, ROUNDS = 1000, 20
#: Days that the scaler's samples are kept.
SCALING_DAYS = 1.0

# The oldest by number are the oldest by time, give or take seconds: so nothing has to be searched, and a table without
# old rows costs a look at its first thousand.
WALK = """
    WITH head AS (
        SELECT id, coalesce({moment} < now() - %(days)s * interval '1 day', false) AS old FROM {table}
        WHERE id > %(after)s ORDER BY id LIMIT %(most)s
    ), gone AS (
        DELETE FROM {table} AS kept USING head WHERE kept.id = head.id AND head.old AND {only} RETURNING kept.id
    )
    SELECT (SELECT count(*) FROM gone), max(id), count(*), bool_and(old) FROM head
"""

PRUNE = """
    DELETE FROM {table} WHERE {moment} < now() - %s * interval '1 day'
    AND id IN (SELECT id FROM {table} ORDER BY id LIMIT %s)
"""


def prune() -> int:
    """Remove old records of received commands, spans and the scaler's samples; how many rows went."""
    return (
        _prune("messaging_taskrun", "started_at", days=settings.TASK_RUN_DAYS)
        + _prune("messaging_span", "started_at", days=settings.SPAN_DAYS)
        + _prune("messaging_scalingsample", "at", days=SCALING_DAYS)
    )


#: Table → the number up to which the last call looked, where it did not come to the end of what is old.
_reached: dict[str, int] = {}


def prune_walking(table: str, moment: str, *, days: float, only: str) -> int:
    """Remove rows older than so many days for which `only` holds (SQL over `kept`); how many went.

    For tables whose old rows may not all go: it walks by number past those that stay, up to the first young row. A call
    that does not come so far is gone on from by this process's next, so that many that stay hold up nothing.
    """
    removed, after = 0, _reached.pop(table, 0)
    sql = WALK.format(table=table, moment=moment, only=only)
    with connection.cursor() as cursor:
        for _ in range(ROUNDS):
            cursor.execute(sql, {"days": days, "after": after, "most": BATCH})
            gone, last, seen, all_old = cursor.fetchone()
            removed += gone
            if seen < BATCH or not all_old:
                break
            after = last
        else:
            _reached[table] = after
    return removed


def _prune(table: str, moment: str, *, days: float) -> int:
    removed = 0
    with connection.cursor() as cursor:
        for _ in range(ROUNDS):
            cursor.execute(PRUNE.format(table=table, moment=moment), [days, BATCH])
            removed += cursor.rowcount
            if cursor.rowcount < BATCH:
                break
    return removed
