"""A Kafka record as the runtime keeps it, between the broker, the sieve and the table of parked ones."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import msgspec

from messaging.envelope import Context, Envelope

#: Marks a header whose bytes JSON in PostgreSQL cannot hold as text.
BINARY = "base64:"


class Record(msgspec.Struct, gc=False):
    """A record of a topic under its plain name (without namespace). `parked_id` is set once it has a row.

    `context` holds its attributes once they have been read and the tables can hold them, `event` the typed event once
    somebody has asked for it (several groups may be fed with the same record); all else is not to be changed.
    """

    topic: str
    partition: int
    offset: int
    headers: Iterable[tuple[str, bytes]]
    value: bytes | None
    parked_id: int | None = None
    context: Context | None = None
    event: Envelope | None = None


def headers_to_json(headers: Iterable[tuple[str, bytes]]) -> list[list[str]]:
    """Header pairs as JSON that gives the same bytes back."""
    return [[name.replace("\x00", ""), _to_text(raw)] for name, raw in headers]


def headers_from_json(pairs: Sequence[Sequence[str]]) -> list[tuple[str, bytes]]:
    """The inverse of `headers_to_json`."""
    return [
        (name, base64.b64decode(text[len(BINARY) :]) if text.startswith(BINARY) else text.encode())
        for name, text in pairs
    ]


def _to_text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\x00"
    # PostgreSQL refuses NUL in text and in jsonb alike.
    return BINARY + base64.b64encode(raw).decode() if "\x00" in text or text.startswith(BINARY) else text
