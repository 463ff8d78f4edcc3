"""A read model as of a moment, or of a window of time alone: built from the stream, looked at, and rolled back.

Time is wall time, of the transactions that wrote the facts (`ce_recordedat`), or the facts' own (`ce_time`), by which a
city's days are told. The live group is not touched: all is written under the scratch generation in a transaction that
never commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from messaging.envelope import InvalidEvent

from .batch import Batch, apply_batch
from .group import Group
from .positions import SCRATCH, known_sequences, live_number, store_sequences
from .records import Record
from .replay import CannotReplay, Progress, Report, begin_at_start, behind, only_one
from .sieve import checked_context
from .topics import Place, TopicReader, reading

#: A partition's facts stand nearly in the order of their own times. One that waited longer than this in an outbox is
#: not found where its time would have it.
LATE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class History:
    """What a model held: rows of each table (at most `limit` of them, in the order of their first columns)."""

    progress: Progress
    counts: dict[str, int]
    tables: dict[str, list[dict[str, Any]]]
    answer: Any = None


def look_back(
    group: Group,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    own_time: bool = False,
    ask: Callable[[int], Any] | None = None,
    most: int | None = None,
    report: Report = lambda progress: None,
) -> History:
    """Build the group's tables from the facts of a window, read them, and leave nothing.

    Without `since` this is the model as of `until`. With it, a key's first fact in the window counts as its first.
    `own_time`: the window is of the facts' own time. `ask` is called with the generation that holds the model, before
    it goes; its answer is the history's. `most` records are read, or none.

    Raises:
        CannotReplay: the group has outside effects, another look or comparison of it runs, or it is too much to read.
        messaging.kafka.Unreachable: no broker answers.
    """
    if not group.replayable:
        raise CannotReplay(f"group {group.name} has effects outside its tables: it cannot be replayed")
    if connection.in_atomic_block:
        raise RuntimeError("look_back needs a transaction of its own: call it outside any")
    live_number(group.name)
    with only_one(group, "comparison"), reading(group) as reader, transaction.atomic():
        goal = _aim(reader, since, until, own_time=own_time)
        left = sum(max(0, end - reader.starts()[place]) for place, end in goal.items())
        if most is not None and left > most:
            raise CannotReplay(f"{left} records would have to be read, more than {most}: ask about a shorter time")
        begin_at_start(group, SCRATCH, reader)
        progress = Progress(began=time.monotonic(), total=left)
        while behind(reader.starts(), goal):
            for batch in reader.poll(until=goal):
                progress.events += _apply(group, batch, since, until, own_time)
                progress.read += batch.next - batch.start
            report(progress)
        history = History(progress, *_read(group, limit), ask(SCRATCH) if ask else None)
        transaction.set_rollback(True)
    return history


def _aim(reader: TopicReader, since: datetime | None, until: datetime | None, *, own_time: bool) -> dict[Place, int]:
    """Go to where the window begins; where it ends."""
    if own_time:
        if since is not None:
            reader.seek(reader.offsets_at(since - LATE, before=True))
        return reader.ends() if until is None else reader.offsets_at(until + LATE, before=False)
    if since is not None:
        # A record's own timestamp is that of its sending: never before the commit that it tells of.
        reader.seek_to_time(since)
    return reader.ends()


def _apply(group: Group, batch: Batch, since: datetime | None, until: datetime | None, own_time: bool) -> int:
    records = [record for record in batch.records if _within(record, since, until, own_time)]
    if since is not None:
        _begin_keys(group, batch.topic, records)
    inside = Batch(batch.topic, batch.partition, batch.start, batch.next, records, batch.incarnation)
    return apply_batch(group, inside, generation=SCRATCH).events


def _within(record: Record, since: datetime | None, until: datetime | None, own_time: bool) -> bool:
    try:
        context = checked_context(record)
    except InvalidEvent:
        return False
    at = context.time if own_time else context.recorded_at or context.time
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
