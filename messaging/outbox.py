"""The only way out of a transaction: write what Kafka or SQS must hear beside the change itself.

Both functions insert a row and nothing more; `messaging.relay` sends it after the commit. They refuse, at the
source, what could never be delivered.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from django.db import connection
from django.db.models.functions import Now

from . import tracing
from .envelope import MAX_EVENT_BYTES, Event, encode_data
from .models import OutboxRow, Road
from .names import queue_of

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

#: Lanes of a road. More lanes let more relays share the work; a key always stays in one lane.
SHARDS = 8


class CannotPublish(ValueError):
    """The message could never be delivered as it is, so the transaction that wants to send it must not commit."""


def shard_of(key: str) -> int:
    """The lane of a key, 0 to SHARDS - 1."""
    return zlib.crc32(key.encode()) % SHARDS


def publish(
    event: Event,
    *,
    key: str,
    sequence: int | None,
    at: datetime | Combinable,
    event_id: uuid.UUID | None = None,
    traceparent: str = "",
) -> uuid.UUID:
    """Owe an event to its topic; call it while the owning row is locked. Returns the event's id.

    Raises:
        CannotPublish: outside a transaction, an undeclared type, or data above MAX_EVENT_BYTES.
    """
    _require_transaction()
    row = _event_row(event, key, sequence, at)
    row.message_id = event_id or row.message_id
    row.traceparent = traceparent or tracing.current()
    row.save(force_insert=True)
    tracing.note_key(key)
    return row.message_id


def publish_many(facts: Sequence[tuple[Event, str, int]], *, at: datetime | Combinable) -> list[uuid.UUID]:
    """`publish` for many facts of one moment: (event, key, sequence) of each, in one statement. A key may come once.

    Raises:
        CannotPublish: as `publish`.
    """
    _require_transaction()
    rows = [_event_row(event, key, sequence, at) for event, key, sequence in facts]
    trace = tracing.current()
    for row in rows:
        row.traceparent = trace
        tracing.note_key(row.key)
    OutboxRow.objects.bulk_create(rows)
    return [row.message_id for row in rows]


def _event_row(event: Event, key: str, sequence: int | None, at: datetime | Combinable) -> OutboxRow:
    if not event.type or not event.topic:
        raise CannotPublish(f"{type(event).__name__} is not declared with @event_type")
    payload = encode_data(event)
    if len(payload) > MAX_EVENT_BYTES:
        raise CannotPublish(f"{event.type} of {key} has {len(payload)} bytes, above the {MAX_EVENT_BYTES} allowed")
    return OutboxRow(
        road=Road.KAFKA,
        shard=shard_of(key),
        destination=event.topic,
        type=event.type,
        key=key,
        sequence=sequence,
        time=at,
        payload=payload,
    )


def send(task: str, *, key: str, delay_seconds: int = 0, **kwargs: str | int) -> uuid.UUID:
    """Owe a command to its queue. Commands carry ids, never state: by the time one runs, the state has moved on.

    Raises:
        CannotPublish: outside a transaction, or a task whose name belongs to no queue.
    """
    _require_transaction()
    row = _command_row(task, _queue_of(task), key, kwargs, tracing.current())
    row.delay_seconds = delay_seconds
    row.save(force_insert=True)
    tracing.note_key(key)
    return row.message_id


def send_many(task: str, commands: Sequence[tuple[str, Mapping[str, str | int]]]) -> None:
    """`send` for many at once: (key, keyword arguments) of each, in one statement.

    Raises:
        CannotPublish: as `send`.
    """
    _require_transaction()
    queue, trace = _queue_of(task), tracing.current()
    OutboxRow.objects.bulk_create(_command_row(task, queue, key, kwargs, trace) for key, kwargs in commands)


def _queue_of(task: str) -> str:
    try:
        return queue_of(task)
    except LookupError as error:
        raise CannotPublish(str(error)) from error


def _command_row(task: str, queue: str, key: str, kwargs: Mapping[str, str | int], trace: str) -> OutboxRow:
    return OutboxRow(
        road=Road.SQS,
        shard=shard_of(key),
        destination=queue,
        type=task,
        key=key,
        time=Now(),
        payload=msgspec.json.encode(kwargs),
        traceparent=trace,
    )


def transaction_id() -> str:
    """The open transaction's id, by which whoever hears of it later can tell whether it had already seen it.

    PostgreSQL's `pg_visible_in_snapshot(id::xid8, snapshot)` answers that exactly, whatever the clocks say.
    """
    _require_transaction()
    with connection.cursor() as cursor:
        return str(cursor.execute("SELECT pg_current_xact_id()::text").fetchone()[0])


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise CannotPublish("outbox rows are written in the transaction of the change they tell of: open one first")
