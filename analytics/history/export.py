"""From a topic to Parquet, with DuckDB: the road to bigger analysis. A part at a time, so memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from messaging.consuming.group import Group
from messaging.consuming.history import LATE
from messaging.consuming.records import Record
from messaging.consuming.replay import behind
from messaging.consuming.sieve import checked_context
from messaging.consuming.topics import reading
from messaging.envelope import InvalidEvent

#: Records of one file.
PART = 100_000

COLUMNS = {
    "topic": "VARCHAR",
    "partition": "INTEGER",
    "offset": "BIGINT",
    "key": "VARCHAR",
    "sequence": "BIGINT",
    "id": "VARCHAR",
    "type": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "recorded_at": "TIMESTAMPTZ",
    "data": "JSON",
}


class Row(msgspec.Struct):
    """One record as a line of JSON; what cannot be read of it is null."""

    topic: str
    partition: int
    offset: int
    key: str | None
    sequence: int | None
    id: str | None
    type: str | None
    time: datetime | None
    recorded_at: datetime | None
    data: msgspec.Raw


class NotEmpty(Exception):
    """The folder holds an earlier export."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`files` in the order of their writing, and how many records they hold together."""

    topic: str
    rows: int
    files: list[Path]


def export(
    topic: str,
    *,
    out: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    part: int = PART,
    report: Callable[[int], None] = lambda rows: None,
) -> Exported:
    """Write the topic's events of a window (of their own time; `until` is not in it) to `out` as Parquet files.

    Raises:
        NotEmpty: `out` has Parquet files. LookupError: the broker has no such topic.
        messaging.kafka.Unreachable: no broker answers.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.glob("*.parquet")):
        raise NotEmpty(f"{out} holds Parquet files: choose an empty folder, so that nothing is counted twice")
    writer = Writer(topic, out, part)
    with reading(_reader_of(topic), max_poll_records=2000) as reader:
        if not reader.partitions:
            raise LookupError(f"the broker has no topic {topic}: `manage.py topology --check` names those declared")
        if since is not None:
            reader.seek(reader.offsets_at(since - LATE, before=True))
        goal = reader.ends() if until is None else reader.offsets_at(until + LATE, before=False)
        while behind(reader.starts(), goal):
            for batch in reader.poll(until=goal):
                writer.add(row for record in batch.records if _inside(row := row_of(record), since, until))
                report(writer.rows)
    files = writer.close()
    summary = {"topic": topic, "from": since, "to": until, "rows": writer.rows, "files": [path.name for path in files]}
    (out / "export.json").write_text(json.dumps(summary, default=str, indent=2) + "\n")
    return Exported(topic, writer.rows, files)


class Writer:
    """Lines of JSON to a file beside, which DuckDB turns into Parquet once it is full."""

    def __init__(self, topic: str, out: Path, part: int) -> None:
        self.topic, self.out, self.part = topic, out, part
        self.rows = 0
        self.files: list[Path] = []
        self._lines = out / f".{topic}.ndjson"
        self._held = 0
        self._file = self._lines.open("wb")
        self._encoder = msgspec.json.Encoder()

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._file.write(self._encoder.encode(row) + b"\n")
            self._held += 1
            self.rows += 1
            if self._held >= self.part:
                self._turn()

    def close(self) -> list[Path]:
        """Write what is left; an export without a record still has a file, which says its columns."""
        if self._held or not self.files:
            self._turn()
        self._file.close()
        self._lines.unlink()
        return self.files

    def _turn(self) -> None:
        self._file.close()
        path = self.out / f"{self.topic}-{len(self.files) + 1:05}.parquet"
        to_parquet(self._lines, path)
        self.files.append(path)
        self._held = 0
        self._file = self._lines.open("wb")


def to_parquet(lines: Path, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            f"COPY (SELECT * FROM read_json({_text(lines)}, format='newline_delimited', columns={{{columns}}}))"
            f" TO {_text(unfinished)} (FORMAT parquet, COMPRESSION zstd)"
        )
    unfinished.rename(path)


def row_of(record: Record) -> Row:
    row = Row(record.topic, record.partition, record.offset, None, None, None, None, None, None, NULL)
    try:
        context = checked_context(record)
        row.key, row.sequence, row.id, row.type = context.key, context.sequence, str(context.id), context.type
        row.time, row.recorded_at = context.time, context.recorded_at
        row.data = msgspec.Raw(msgspec.json.format(record.value or b"null", indent=-1))
    except (InvalidEvent, msgspec.DecodeError, UnicodeDecodeError):
        # A reader may want to count them, too.
        pass
    return row


NULL = msgspec.Raw(b"null")


def _inside(row: Row, since: datetime | None, until: datetime | None) -> bool:
    if row.time is None:
        return since is None and until is None
    return (since is None or row.time >= since) and (until is None or row.time < until)


def _reader_of(topic: str) -> Group:
    """What the reader of topics wants to know; no group of this name exists, and nothing is committed."""

    def nothing(events: Any, *, generation: int) -> None:
        raise NotImplementedError

    return Group(name="export", topics=(topic,), handler=nothing)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
