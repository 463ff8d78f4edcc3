"""An outbox that does not drain is an incident: by the age of its oldest row, and by their number.

The relay looks, which knows its road best, and so does the sweeper: a relay that is not there cannot say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db import close_old_connections, connection, transaction

from messaging.models import Road
from messaging.models.incident import open_incident, resolve_incident

#: Rows are counted no further than this.
COUNTED = 100_000

MEASURE = """
    SELECT count(*), count(*) FILTER (WHERE blocked),
        coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float8
    FROM (SELECT recorded_at, blocked FROM messaging_outboxrow WHERE road = %s LIMIT %s) AS waiting
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits on a road: rows (counted up to COUNTED), those refused for good among them, and the oldest's age in
    seconds.
    """

    size: int
    blocked: int
    age: float


def measure(connection: psycopg.Connection[Any], *, road: str) -> Backlog:
    """How much waits on a road, asked on a relay's own connection."""
    row = connection.execute(MEASURE, [road, COUNTED]).fetchone()
    return Backlog(*row) if row else Backlog(0, 0, 0.0)


def backlogs() -> dict[str, Backlog]:
    """How much waits on every road, asked on this thread's connection."""
    found = {}
    with connection.cursor() as cursor:
        for road in Road.values:
            cursor.execute(MEASURE, [road, COUNTED])
            found[road] = Backlog(*cursor.fetchone())
    return found


def watch_backlog(connection: psycopg.Connection[Any], *, road: str) -> None:
    """Open the road's incidents when too much waits or for too long; close them when that is over."""
    judge(road, measure(connection, road=road))


def watch_all() -> int:
    """The same for every road, by somebody who is no relay; how many incidents this opened."""
    return sum(judge(road, backlog) for road, backlog in backlogs().items())


def judge(road: str, backlog: Backlog) -> int:
    """Open or close a road's two incidents; how many this opened."""
    refused = f" ({backlog.blocked} are refused for good and wait for a person)" if backlog.blocked else ""
    opened = 0
    if backlog.age > settings.OUTBOX_AGE_LIMIT:
        opened += report(
            "outbox_age",
            road,
            f"{backlog.size} messages wait for {road}{refused}, the oldest for {backlog.age:.0f} s."
            " Is its broker up, and a relay running?",
        )
    else:
        settle("outbox_age", road)
    if backlog.size > settings.OUTBOX_ROWS_LIMIT:
        size = f"{backlog.size}{' or more' if backlog.size >= COUNTED else ''}"
        opened += report(
            "outbox_size",
            road,
            f"{size} messages wait for {road}{refused}: more is written than is sent. Start another relay.",
        )
    # Not at once below the limit, or an incident would come and go with every batch.
    elif backlog.size < settings.OUTBOX_ROWS_LIMIT / 2:
        settle("outbox_size", road)
    return opened


def report(kind: str, subject: str, message: str) -> bool:
    """Open an incident, on a connection that is checked first: this thread may not have used it for hours."""
    if not transaction.get_connection().in_atomic_block:
        close_old_connections()
    return open_incident(kind, subject, message)


def settle(kind: str, subject: str) -> None:
    """Close an incident, on a connection that is checked first."""
    if not transaction.get_connection().in_atomic_block:
        close_old_connections()
    resolve_incident(kind, subject)
