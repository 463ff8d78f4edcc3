"""A read model as of a moment, or of a window of time alone: built from the stream, looked at, and rolled back.

Time is wall time, of the transactions that wrote the facts (`ce_recordedat`). The live group is not touched: all is
written under the scratch generation in a transaction that never commits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from messaging.envelope import InvalidEvent

from .batch import Batch, apply_batch
from .group import Group
from .positions import SCRATCH, known_sequences, live_number, store_sequences
from .records import Record
from .replay import CannotReplay, Progress, Report, begin_at_start, behind, only_one
from .sieve import checked_context
from .topics import reading


@dataclass(frozen=True, slots=True)
class History:
    """What a model held: rows of each table (at most `limit` of them, in the order of their first columns)."""

    progress: Progress
    counts: dict[str, int]
    tables: dict[str, list[dict[str, Any]]]


def look_back(
    group: Group,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    report: Report = lambda progress: None,
) -> History:
    """Build the group's tables from the facts of a window, read them, and leave nothing.

    Without `since` this is the model as of `until`. With it, a key's first fact in the window counts as its first.

    Raises:
        CannotReplay: the group has outside effects, or another look or comparison of it runs.
        messaging.kafka.Unreachable: no broker answers.
    """
    if not group.replayable:
        raise CannotReplay(f"group {group.name} has effects outside its tables: it cannot be replayed")
    if connection.in_atomic_block:
        raise RuntimeError("look_back needs a transaction of its own: call it outside any")
    live_number(group.name)
    with only_one(group, "comparison"), reading(group) as reader, transaction.atomic():
        if since is not None:
            # A record's own timestamp is that of its sending: never before the commit that it tells of.
            reader.seek_to_time(since)
        goal = reader.ends()
        begin_at_start(group, SCRATCH, reader)
        left = sum(goal.values()) - sum(reader.starts().values())
        progress = Progress(began=time.monotonic(), total=left)
        while behind(reader.starts(), goal):
            for batch in reader.poll(until=goal):
                progress.events += _apply(group, batch, since, until)
                progress.read += batch.next - batch.start
            report(progress)
        history = History(progress, *_read(group, limit))
        transaction.set_rollback(True)
    return history


def _apply(group: Group, batch: Batch, since: datetime | None, until: datetime | None) -> int:
    records = [record for record in batch.records if _within(record, since, until)]
    if since is not None:
        _begin_keys(group, batch.topic, records)
    inside = Batch(batch.topic, batch.partition, batch.start, batch.next, records, batch.incarnation)
    return apply_batch(group, inside, generation=SCRATCH).events


def _within(record: Record, since: datetime | None, until: datetime | None) -> bool:
    try:
        context = checked_context(record)
    except InvalidEvent:
        return False
    at = context.recorded_at or context.time
    return (since is None or at >= since) and (until is None or at <= until)


def _begin_keys(group: Group, topic: str, records: Sequence[Record]) -> None:
    """Let each key begin where the window does: its facts before are no gap."""
    first: dict[str, int] = {}
    for record in records:
        context = checked_context(record)
        if context.sequence is not None:
            first[context.key] = min(context.sequence, first.get(context.key, context.sequence))
    known = known_sequences(group.name, SCRATCH, topic, sorted(first))
    store_sequences(group.name, SCRATCH, topic, {key: n - 1 for key, n in first.items() if key not in known})


def _read(group: Group, limit: int | None) -> tuple[dict[str, int], dict[str, list[dict[str, Any]]]]:
    counts: dict[str, int] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    for model in group.tables:
        fields = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        fields.remove("generation")
        rows = model._default_manager.filter(generation=SCRATCH).order_by(*fields[:3])
        counts[model._meta.db_table] = rows.count()
        tables[model._meta.db_table] = list(rows.values(*fields)[:limit])
    return counts, tables
