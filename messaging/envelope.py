"""The form every fact travels in: CloudEvents 1.0 in Kafka's binary mode, its data a documented typed class.

In binary mode the context attributes are record headers (`ce_id`, `ce_type`, …) and the record's value is the
data alone, as JSON. See the CloudEvents Kafka protocol binding, version 1.0.2, section 3.2.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import msgspec

#: Records above this size (bytes) are refused where they are written, not where they would be read.
MAX_EVENT_BYTES = 256 * 1024


class InvalidEvent(ValueError):
    """The record is no event that this project could ever read: malformed, or without a required field."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact, named in the past tense. Subclasses carry ids and minor units, never a person's data.

    Unknown fields are ignored on reading and new fields need a default, so that old and new programs can
    read each other's events.
    """

    type: ClassVar[str] = ""
    topic: ClassVar[str] = ""


E = TypeVar("E", bound=type[Event])

_registry: dict[str, type[Event]] = {}


def event_type(name: str, *, topic: str) -> Callable[[E], E]:
    """Register an event class under its CloudEvents `type`; the name is part of the contract with every reader."""

    def register(cls: E) -> E:
        if name in _registry:
            raise RuntimeError(f"event type {name!r} is declared twice: {_registry[name]} and {cls}")
        cls.type = name
        cls.topic = topic
        _registry[name] = cls
        return cls

    return register


def registered_types() -> dict[str, type[Event]]:
    """Every declared event class by its type, for schemas and documents."""
    return dict(_registry)


@event_type("stream.skipped", topic="")
class Skipped(Event, frozen=True, kw_only=True):
    """In any topic: the fact of this sequence will never come; readers count it and go on."""

    skipped_type: str
    reason: str = ""


class Context(msgspec.Struct, frozen=True, gc=False):
    """A record's CloudEvents attributes, readable even where its type is unknown to this program."""

    id: uuid.UUID
    type: str
    key: str
    sequence: int | None
    time: datetime
    recorded_at: datetime | None
    traceparent: str = ""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One event as read from a topic, with where it stood."""

    id: uuid.UUID
    type: str
    key: str
    sequence: int | None
    time: datetime
    recorded_at: datetime | None
    data: Event
    topic: str = ""
    partition: int = -1
    offset: int = -1
    traceparent: str = ""
    raw: bytes = b""


_encoder = msgspec.json.Encoder()
_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


def encode_data(event: Event) -> bytes:
    """The event's data as compact JSON bytes."""
    return _encoder.encode(event)


def encode_headers(
    *,
    event_id: uuid.UUID | str,
    type: str,
    key: str,
    sequence: int | None,
    time: datetime,
    recorded_at: datetime,
    traceparent: str = "",
) -> list[tuple[str, bytes]]:
    """CloudEvents context attributes as Kafka headers."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event_id).encode()),
        ("ce_type", type.encode()),
        ("ce_source", b"/forkroad"),
        ("ce_subject", key.encode()),
        ("ce_time", rfc3339(time).encode()),
        ("ce_recordedat", rfc3339(recorded_at).encode()),
        ("content-type", b"application/json"),
    ]
    if sequence is not None:
        headers.append(("ce_sequence", str(sequence).encode()))
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def decode(
    headers: Iterable[tuple[str, bytes]],
    value: bytes | None,
    *,
    topic: str = "",
    partition: int = -1,
    offset: int = -1,
    context: Context | None = None,
) -> Envelope | None:
    """The typed event of a record, or None for a type this program does not know (a newer writer's).

    `context` are its attributes where they have been read already.

    Raises:
        InvalidEvent: a required attribute is missing or the data does not fit its class.
    """
    context = context or read_context(headers)
    kind = context.type
    cls = _registry.get(kind)
    if cls is None:
        return None
    try:
        data = _decoder(kind, cls).decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidEvent(f"data of a {kind} event: {error}") from error
    # By place: by name it takes twice the time, for each event of each group.
    return Envelope(
        context.id, kind, context.key, context.sequence, context.time, context.recorded_at, data, topic, partition,
        offset, context.traceparent, value or b"",
    )  # fmt: skip


def read_context(headers: Iterable[tuple[str, bytes]]) -> Context:
    """The attributes alone.

    Raises:
        InvalidEvent: a required attribute is missing or malformed.
    """
    attributes = {name: raw.decode("utf-8", "replace") for name, raw in headers}
    try:
        recorded = attributes.get("ce_recordedat")
        return Context(
            id=uuid.UUID(attributes["ce_id"]),
            type=attributes["ce_type"],
            key=attributes["ce_subject"],
            sequence=int(attributes["ce_sequence"]) if "ce_sequence" in attributes else None,
            time=datetime.fromisoformat(attributes["ce_time"]),
            recorded_at=datetime.fromisoformat(recorded) if recorded else None,
            traceparent=attributes.get("traceparent", ""),
        )
    except (KeyError, ValueError) as error:
        raise InvalidEvent(f"not a CloudEvents 1.0 record: {error!r}") from error


def _decoder(kind: str, cls: type[Event]) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(cls)
    return decoder


def rfc3339(moment: datetime) -> str:
    """A moment as records carry it: in UTC, with all six digits of the second's fraction."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
