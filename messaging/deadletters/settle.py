"""Sending a dead letter again, or setting it aside: each at most once, whoever presses the button and how often."""

from __future__ import annotations

import json

from django.db import transaction
from django.db.models.functions import Now

from messaging.models import DeadLetter, OutboxRow, Road
from messaging.outbox import shard_of

from .reading import read


class AlreadySettled(Exception):
    """The dead letter was redriven or discarded before, or at this very moment by somebody else."""


class CannotRedrive(Exception):
    """Sent again it could only die again: it is no command, or its consumer group still cannot apply it."""


@transaction.atomic
def redrive(dead_letter: DeadLetter) -> None:
    """Send it again. A command gets a new outbox row, and with it a new task id and receive count.

    Raises:
        AlreadySettled, CannotRedrive: nothing was changed.
    """
    _claim(dead_letter, DeadLetter.State.REDRIVEN)
    if dead_letter.road == Road.KAFKA:
        _redrive_record(dead_letter)
    else:
        _redrive_command(dead_letter)


@transaction.atomic
def discard(dead_letter: DeadLetter) -> None:
    """Set it aside for good; the row stays as a record of it.

    Raises:
        AlreadySettled: nothing was changed.
    """
    _claim(dead_letter, DeadLetter.State.DISCARDED)
    if dead_letter.road == Road.KAFKA:
        # Imported here: the sweeper and the workers, which know this module, need no consumer runtime.
        from messaging.consuming import parked

        parked.discard(dead_letter)


def _claim(dead_letter: DeadLetter, state: DeadLetter.State) -> None:
    changed = DeadLetter.objects.filter(pk=dead_letter.pk, state=DeadLetter.State.OPEN).update(
        state=state, settled_at=Now()
    )
    if changed != 1:
        raise AlreadySettled(f"dead letter {dead_letter.pk} is not open any more")
    dead_letter.state = state


def _redrive_command(dead_letter: DeadLetter) -> None:
    reading = read(bytes(dead_letter.body or b"").decode("utf-8", "replace"))
    if reading.kwargs is None:
        raise CannotRedrive(f"dead letter {dead_letter.pk} is no command ({reading.fault}): discard it")
    OutboxRow.objects.create(
        road=Road.SQS,
        shard=shard_of(reading.key),
        destination=dead_letter.source,
        type=reading.task,
        key=reading.key,
        time=Now(),
        payload=json.dumps(reading.kwargs).encode(),
        traceparent=reading.traceparent,
    )


def _redrive_record(dead_letter: DeadLetter) -> None:
    from messaging.consuming import parked

    try:
        parked.redrive(dead_letter)
    except (parked.StillInvalid, LookupError) as error:
        raise CannotRedrive(f"dead letter {dead_letter.pk}: {error}") from error
