"""Failure has three names, and a handler says which: try again, never, or not now."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

from messaging.envelope import Envelope


class Retry(Exception):
    """Something that passes: the batch is rolled back and comes again after a pause. Nothing is skipped."""


class Invalid(Exception):
    """This event can never be applied: it becomes a dead letter and its key waits; the others go on."""

    def __init__(self, event: Envelope, reason: str) -> None:
        self.event = event
        super().__init__(reason)


class Busy(Exception):
    """Not now: the partition is paused for a moment while the consumer keeps its place in the group."""

    def __init__(self, reason: str = "", *, seconds: float = 1.0) -> None:
        self.seconds = seconds
        super().__init__(reason)


class TooManyDeadLetters(Exception):
    """So many records were invalid that the fault is likely in the program: stop, rather than set all of them aside."""


#: What the database raises when it is away or overloaded, not when the data is wrong.
TRANSIENT = (Retry, OperationalError, InterfaceError)
