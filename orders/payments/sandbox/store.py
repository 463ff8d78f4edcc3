"""The sandbox's own books, in one SQLite file: a provider's memory must not depend on its customer's database.

Every change, the answer kept under its idempotency key and the webhooks that tell of it commit together, so that
`kill -9` at any moment leaves either all of them or none.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS intents (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL,
    status TEXT NOT NULL, payment_method TEXT NOT NULL DEFAULT '', return_url TEXT NOT NULL DEFAULT '',
    client_secret TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}', last_error TEXT NOT NULL DEFAULT '',
    charge TEXT NOT NULL DEFAULT '', captures INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND amount),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND received), created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, intent TEXT NOT NULL REFERENCES intents, amount INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '', metadata TEXT NOT NULL DEFAULT '{}', created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    account TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, intent TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
    variant TEXT NOT NULL, url TEXT NOT NULL, due REAL NOT NULL, held INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, answer INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE done = 0;
"""

Row = dict[str, Any]


def new_id(prefix: str) -> str:
    """An id that tells what it names, and that nobody guesses."""
    return f"{prefix}_{secrets.token_hex(12)}"


class Store:
    """One connection, used by one event loop: calls are short and never wait for one another."""

    def __init__(self, path: Path | str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        self.connection.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        # Write-ahead, and on disk before the answer: what a client was told stands, stands.
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return list(self.connection.execute(sql, values))

    def row(self, sql: str, *values: Any) -> Row | None:
        found: Row | None = self.connection.execute(sql, values).fetchone()
        return found

    def insert(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))

    def update(self, table: str, pk: Any, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(f"UPDATE {table} SET {names} WHERE id = ?", [*values.values(), pk])

    def close(self) -> None:
        self.connection.close()


def now() -> int:
    return int(time.time())


def dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
