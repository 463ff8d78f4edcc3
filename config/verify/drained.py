"""Promise three, from the inside: nothing waits, nothing was set aside."""

from __future__ import annotations

from collections.abc import Iterator

from messaging.models import DeadLetter, OutboxRow, ParkedRecord

from .report import Violation


def outbox_is_empty() -> Iterator[Violation]:
    """Every committed message has been acknowledged by its broker."""
    for row in OutboxRow.objects.order_by("pk")[:1000].iterator():
        state = "is blocked" if row.blocked else "still waits"
        yield Violation(
            f"outbox row {row.pk}", f"{row.type} of {row.key} {state} for {row.road}: {row.last_error or '–'}"
        )


def no_dead_letters() -> Iterator[Violation]:
    """No command and no record had to be set aside."""
    for letter in DeadLetter.objects.filter(state=DeadLetter.State.OPEN):
        lines = letter.error.strip().splitlines()
        yield Violation(
            f"dead letter {letter.pk}", f"{letter.road} {letter.source} {letter.type}: {lines[-1] if lines else '–'}"
        )


def no_parked_records() -> Iterator[Violation]:
    """No consumer group waits for a missing or unreadable event of some key."""
    for record in ParkedRecord.objects.order_by("pk")[:1000].iterator():
        yield Violation(
            f"{record.group} {record.topic}[{record.partition}]@{record.offset}", f"is parked: {record.reason}"
        )
