"""An outbox that does not drain is an incident: its age says so better than its size."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import close_old_connections, transaction

from messaging.models.incident import open_incident, resolve_incident

#: Seconds a committed message may wait before someone is told.
OLD = 30.0
#: Rows are counted no further than this.
COUNTED = 100_000


def measure(connection: psycopg.Connection[Any], *, road: str) -> tuple[int, float]:
    """How many rows wait on a road (counted up to COUNTED) and how old the oldest is, in seconds."""
    row = connection.execute(
        """
        SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float8
        FROM (SELECT recorded_at FROM messaging_outboxrow WHERE road = %s LIMIT %s) AS waiting
        """,
        [road, COUNTED],
    ).fetchone()
    return (int(row[0]), float(row[1])) if row else (0, 0.0)


def watch_backlog(connection: psycopg.Connection[Any], *, road: str) -> None:
    """Open the road's incident when its oldest message is too old; close it when that is over."""
    size, age = measure(connection, road=road)
    if age > OLD:
        report("outbox_age", road, f"{size} messages wait for {road}, the oldest for {age:.0f} s. Is its broker up?")
    else:
        close_old_connections()
        resolve_incident("outbox_age", road)


def report(kind: str, subject: str, message: str) -> None:
    """Open an incident, on a connection that is checked first: this thread may not have used it for hours."""
    if not transaction.get_connection().in_atomic_block:
        close_old_connections()
    open_incident(kind, subject, message)
