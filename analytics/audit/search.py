"""Who did what to which order, when and why: the audit as people ask it."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from .models import AuditEntry
from .selectors import entries

COLUMNS = (
    "time",
    "recorded_at",
    "topic",
    "key",
    "sequence",
    "type",
    "actor_role",
    "actor_id",
    "reason",
    "partition",
    "offset",
    "event_id",
    "hash",
)


class BadQuestion(ValueError):
    """A question that cannot be asked; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; empty parts ask for nothing. `since` and `until` are wall times of the writing."""

    order: str = ""
    actor: str = ""
    type: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, given: dict[str, str]) -> Question:
        """From the texts of a form or a command line.

        Raises:
            BadQuestion: a text is no time, or no actor.
        """
        plain = {name: text.replace("\0", "").strip()[:120] for name, text in given.items()}
        role, _, number = plain.get("actor", "").partition(":")
        if number and not (role and number.isdecimal() and len(number) < 19):
            raise BadQuestion("an actor is a role, or a role and an account, such as operator or courier:7")
        return cls(
            order=plain.get("order", ""),
            actor=plain.get("actor", ""),
            type=plain.get("type", ""),
            since=_moment(plain.get("since", "")),
            until=_moment(plain.get("until", "")),
        )


def search(question: Question) -> QuerySet[AuditEntry]:
    """The entries that answer, newest first; those of one order in the order they happened."""
    found = entries().order_by("-id")
    if question.order:
        found = _of_order(found, question.order)
    if question.actor:
        role, _, number = question.actor.partition(":")
        found = found.filter(actor_role=role) if role else found
        found = found.filter(actor_id=int(number)) if number else found
    if question.type:
        found = found.filter(type=question.type)
    if question.since:
        found = found.filter(recorded_at__gte=question.since)
    if question.until:
        found = found.filter(recorded_at__lte=question.until)
    return found


def _of_order(found: QuerySet[AuditEntry], order: str) -> QuerySet[AuditEntry]:
    """By an order's id, or by the number that people call it: the first digits of that id."""
    try:
        return found.filter(topic="orders.events", key=str(uuid.UUID(order))).order_by("sequence")
    except ValueError:
        digits = order.lower().replace("-", "")
        if not 4 <= len(digits) < 32 or set(digits) - set("0123456789abcdef"):
            raise BadQuestion("an order is its id, or at least four digits of its number, such as 3F9A21C0") from None
        start = digits if len(digits) <= 8 else str(uuid.UUID(digits.ljust(32, "0")))[: len(digits) + 1]
        # The bounds are for the index: only some collations find a beginning by it.
        near = found.filter(topic="orders.events", key__gte=start, key__lt=f"{start}g")
        return near.filter(key__startswith=start).order_by("key", "sequence")


def as_row(entry: AuditEntry) -> dict[str, Any]:
    """An entry's columns and, as `data`, the event as it was written."""
    data = entry.payload if isinstance(entry.payload, dict) else {}
    row: dict[str, Any] = {name: getattr(entry, name, None) for name in COLUMNS}
    row["reason"] = str(data.get("reason") or "")
    row["event_id"] = str(entry.event_id)
    for name in ("time", "recorded_at"):
        row[name] = row[name].isoformat() if row[name] else None
    return row | {"data": data}


def as_json_lines(found: Iterable[AuditEntry]) -> Iterator[str]:
    for entry in found:
        yield json.dumps(as_row(entry)) + "\n"


def as_csv(found: Iterable[AuditEntry]) -> Iterator[str]:
    """With a head; a text that a spreadsheet would take for a formula is led by an apostrophe."""
    writer = csv.writer(_Echo())
    yield writer.writerow((*COLUMNS, "data"))
    for entry in found:
        row = as_row(entry)
        yield writer.writerow([_harmless(row[name]) for name in COLUMNS] + [json.dumps(row["data"])])


class _Echo:
    def write(self, text: str) -> str:
        return text


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestion(f"{text!r} is no time such as 2026-05-04T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
