"""Which lanes of a road this relay drains: session advisory locks on a connection that is never replaced in silence.

The locks prevent duplicates, not disorder (see docs/relay.md): readers would survive two relays on one lane. They are
the session's, so they go with it; and PostgreSQL ends a session that has been idle for `idle_session_timeout`, so a
relay that was stopped, not killed, loses its lanes too.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from messaging.outbox import SHARDS

#: The second half of the lock that each relay shares with the others, to be counted.
MEMBER = 1000


def connect(*, idle_seconds: float, name: str) -> psycopg.Connection[Any]:
    """A connection of the relay's own, in autocommit, that the server ends after `idle_seconds` of silence.

    Raises:
        psycopg.OperationalError: the database cannot be reached.
    """
    database = connections["default"].settings_dict
    connection = psycopg.connect(
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        dbname=database["NAME"],
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        application_name=name,
        autocommit=True,
        connect_timeout=5,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        **{name: value for name, value in database["OPTIONS"].items() if name.startswith("ssl")},
    )
    # What this session commits is that rows were acknowledged. Should the server crash before that is on its disk, they
    # go out once more: so no delete waits for the disk, nor do the orders' commits queue up behind it.
    connection.execute(
        "SELECT set_config('idle_session_timeout', %s, false), set_config('synchronous_commit', 'off', false)",
        [f"{int(idle_seconds * 1000)}ms"],
    )
    return connection


def lock_key(road: str) -> int:
    """First half of the lanes' advisory locks; two namespaces in one database do not meet."""
    return zlib.crc32(f"forkroad relay {settings.FORKROAD_NAMESPACE} {road}".encode()) & 0x7FFFFFFF


class Lanes:
    """The lanes of one road that a connection holds."""

    def __init__(self, connection: psycopg.Connection[Any], *, road: str) -> None:
        self.connection = connection
        self.key = lock_key(road)
        self.held: list[int] = []
        connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", [self.key, MEMBER])

    def balance(self) -> bool:
        """Take free lanes up to a fair share of the relays alive, give back what is above it; True when any changed.

        Call it between batches only: a lane must not change hands while its rows are on their way.
        """
        share = math.ceil(SHARDS / max(1, self.members()))
        before = list(self.held)
        for shard in self.held[share:]:
            self.connection.execute("SELECT pg_advisory_unlock(%s, %s)", [self.key, shard])
        self.held = self.held[:share]
        for shard in (shard for shard in range(SHARDS) if shard not in self.held):
            if len(self.held) == share:
                break
            row = self.connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [self.key, shard]).fetchone()
            if row and row[0]:
                self.held.append(shard)
        return self.held != before

    def members(self) -> int:
        """Relays that live on this road, this one among them."""
        row = self.connection.execute(
            """
            SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
            AND classid = %s::bigint::oid AND objid = %s::bigint::oid
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            [self.key, MEMBER],
        ).fetchone()
        return int(row[0]) if row else 1
