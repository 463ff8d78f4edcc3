"""What a person may do about a row that its broker refused: try it again, or let it go."""

from __future__ import annotations

import msgspec
from django.db import transaction

from messaging.envelope import Skipped, encode_data
from messaging.models import OutboxRow, Road
from messaging.models.incident import resolve_incident


@transaction.atomic
def retry(row: OutboxRow) -> bool:
    """Let a blocked or waiting row go again, now. False when it is gone already."""
    changed = OutboxRow.objects.filter(pk=row.pk).update(blocked=False, next_try_at=None)
    _resolve(row)
    return changed == 1


@transaction.atomic
def discard(row: OutboxRow) -> bool:
    """Let a blocked row's message go. False when it is gone already, or no longer blocked.

    A command is deleted. An event becomes a `stream.skipped` with the same id and sequence, in the same place, so that
    its readers see no gap and the rest of its key follows.
    """
    blocked = OutboxRow.objects.filter(pk=row.pk, blocked=True)
    if row.road == Road.SQS or row.sequence is None:
        done = blocked.delete()[0] == 1
    else:
        skipped = Skipped(skipped_type=row.type, reason=row.last_error[:500])
        done = (
            blocked.update(
                type=Skipped.type, payload=encode_data(skipped), blocked=False, next_try_at=None, last_error="discarded"
            )
            == 1
        )
    if done:
        _resolve(row)
    return done


def describe(row: OutboxRow) -> str:
    """A row's data as readable JSON, for the person who decides."""
    return msgspec.json.format(bytes(row.payload), indent=2).decode(errors="replace")


def _resolve(row: OutboxRow) -> None:
    resolve_incident("outbox_blocked", f"{row.destination}:{row.key}"[:120])
