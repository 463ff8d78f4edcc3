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


def _prune(table: str, moment: str, *, days: float) -> int:
    removed = 0
    with connection.cursor() as cursor:
        for _ in range(ROUNDS):
            cursor.execute(PRUNE.format(table=table, moment=moment), [days, BATCH])
            removed += cursor.rowcount
            if cursor.rowcount < BATCH:
                break
    return removed
