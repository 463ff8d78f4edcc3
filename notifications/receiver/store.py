"""What was taken, in one SQLite file: on disk before the sender is told so, as any mail server must."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY, received REAL NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, message_id TEXT NOT NULL, raw BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS mails_by_message_id ON mails (message_id);
CREATE TABLE IF NOT EXISTS browsers (
    token TEXT PRIMARY KEY, private_key BLOB NOT NULL, auth BLOB NOT NULL, sender_key TEXT NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS pushes (
    id INTEGER PRIMARY KEY, received REAL NOT NULL, token TEXT NOT NULL, topic TEXT NOT NULL, sender TEXT NOT NULL,
    payload TEXT NOT NULL);
"""

#: Rows kept of each kind.
MOST = 5000

Row = dict[str, Any]


class Store:
    """One connection, used by one event loop: calls are short and never wait for one another."""

    def __init__(self, path: Path | str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        self.connection.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        # What is to be forgotten must not be read from the file's free pages.
        self.connection.execute("PRAGMA secure_delete = ON")
        self.connection.executescript(SCHEMA)

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return list(self.connection.execute(sql, values))

    def row(self, sql: str, *values: Any) -> Row | None:
        found: Row | None = self.connection.execute(sql, values).fetchone()
        return found

    def insert(self, table: str, **values: Any) -> int:
        """The new row's id; of `mails` and `pushes` the oldest go when there are too many."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        made = self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))
        pk = int(made.lastrowid or 0)
        if table != "browsers" and pk % 100 == 0:
            self.connection.execute(f"DELETE FROM {table} WHERE id <= ?", [pk - MOST])
        return pk

    def execute(self, sql: str, *values: Any) -> int:
        """How many rows the statement changed."""
        return self.connection.execute(sql, values).rowcount

    def close(self) -> None:
        self.connection.close()


def now() -> float:
    return time.time()
