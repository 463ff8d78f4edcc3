"""What the admin lets a person do about messages that are stuck, each in the words of its confirmation page."""

from __future__ import annotations

from django.db import transaction

from .alerting import verbs
from .confirming import Ask, Asked, Refused, confirmed
from .deadletters import AlreadySettled, CannotRedrive
from .deadletters import discard as discard_letter
from .deadletters import redrive as redrive_letter
from .models import DeadLetter, Incident, OutboxRow, ParkedRecord
from .relay import repair

ROW = ("id", "type", "key", "sequence", "attempts", "last_error", "next_try_at", "blocked")
LETTER = ("arrived_at", "road", "source", "type", "key", "receive_count", "state", "error")
INCIDENT = ("opened_at", "severity", "kind", "subject", "message")
RECORD = ("parked_at", "group", "topic", "partition", "offset", "key", "sequence", "reason")


def _retry_row(row: OutboxRow, asked: Asked) -> str:
    if not repair.retry(row):
        raise Refused("it has left meanwhile")
    return "goes again now"


def _discard_row(row: OutboxRow, asked: Asked) -> str:
    if not repair.discard(row):
        raise Refused("only a blocked row can be discarded, and this one is not blocked, or has left meanwhile")
    return "discarded"


def _redrive_letter(letter: DeadLetter, asked: Asked) -> str:
    try:
        with _translated():
            redrive_letter(letter)
    except (AlreadySettled, CannotRedrive) as error:
        raise Refused(str(error)) from error
    return "sent again" if letter.road == "sqs" else "applied"


def _discard_letter(letter: DeadLetter, asked: Asked) -> str:
    try:
        with _translated():
            discard_letter(letter)
    except (AlreadySettled, LookupError) as error:
        raise Refused(str(error)) from error
    return "discarded"


def _redrive_record(record: ParkedRecord, asked: Asked) -> str:
    # Imported here: pages that only look need no consumer runtime.
    from .consuming.parked import redrive_key

    with _translated():
        applied = redrive_key(record.group, record.topic, record.key)
    if ParkedRecord.objects.filter(pk=record.pk).exists():
        raise Refused(f"it still waits ({record.reason}); {applied} events of its key were applied")
    return f"{applied} events of its key were applied"


@transaction.atomic
def _discard_record(record: ParkedRecord, asked: Asked) -> str:
    from .consuming.parked import discard_record

    if not ParkedRecord.objects.filter(pk=record.pk).exists():
        raise Refused("it does not wait any more")
    with _translated():
        return f"waved through; {discard_record(record)} events of its key were applied"


def _acknowledge(incident: Incident, asked: Asked) -> str:
    if not verbs.acknowledge(incident.pk, by=asked.by):
        raise Refused("somebody looks after it already, or it is over")
    return "acknowledged"


def _resolve(incident: Incident, asked: Asked) -> str:
    if not verbs.resolve(incident.pk, by=asked.by):
        raise Refused("it is over already")
    return "over"


class _translated:
    """A handler's own reasons not to apply, as this module's."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        from .consuming.failures import Busy, Retry, TooManyDeadLetters

        if isinstance(error, (Busy, Retry, TooManyDeadLetters)):
            raise Refused(f"not now: {error}") from error


retry_rows = confirmed(
    Ask("retry_rows", "Retry", "Each row is sent again now, in its key's order. Mend the cause first.", ROW, _retry_row)
)
discard_rows = confirmed(
    Ask(
        "discard_rows",
        "Discard",
        "The messages of blocked rows are given up. A command is deleted; an event is replaced by a stream.skipped with"
        " its sequence, so that its readers see no gap. There is no way back.",
        ROW,
        _discard_row,
    )
)
redrive_letters = confirmed(
    Ask(
        "redrive_letters",
        "Redrive",
        "A command is sent again through the outbox, once. A record is applied now, in order for its key.",
        LETTER,
        _redrive_letter,
    )
)
discard_letters = confirmed(
    Ask(
        "discard_letters",
        "Discard",
        "The messages are set aside for good. A record's key goes on without it, in every replay too.",
        LETTER,
        _discard_letter,
    )
)
redrive_records = confirmed(
    Ask("redrive_records", "Redrive", "Each key is tried again, as far as it goes in order.", RECORD, _redrive_record)
)
discard_records = confirmed(
    Ask(
        "discard_records",
        "Discard",
        "Where a record waits for a gap, the gap is accepted and the record applied; where it is invalid, it is passed"
        " over. What waits behind it follows. Replays decide the same. There is no way back.",
        RECORD,
        _discard_record,
    )
)
acknowledge_incidents = confirmed(
    Ask("acknowledge_incidents", "Acknowledge", "You look after these: they are not escalated.", INCIDENT, _acknowledge)
)
resolve_incidents = confirmed(
    Ask("resolve_incidents", "Resolve", "These are over. What still lasts is told again.", INCIDENT, _resolve)
)
