"""Sending a stretch of a post's notices, one after the other; one that fails holds up no other."""

from __future__ import annotations

import logging
import uuid
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, transaction

from messaging.outbox import send
from notifications.asking import SEND
from notifications.models import Notice
from notifications.sending import LeaseHeld, deliver, lease_length

from .telling import SEND_STRETCH

logger = logging.getLogger(__name__)

State = Notice.State

#: Failures in a row after which it is the provider that is away, and the whole command comes back later: a command
#: for each of a million notices would fill the outbox.
IN_A_ROW = 3


def send_stretch(post: uuid.UUID | str, *, channel: str, first: int, last: int) -> int:
    """Send what is not sent of these accounts' notices of a post; how many were dealt with.

    A notice that fails gets a command of its own, with waits and in the end a dead letter of its own. What there was
    no time for is owed anew: slow providers must not outlast the visibility of one message.

    Raises:
        Exception: whatever the provider's channel raises, where several fail in a row.
    """
    deadline = monotonic() + settings.TASK_LIMIT_SECONDS / 2
    waiting = Notice.objects.filter(
        event_id=post,
        channel=channel,
        recipient__gte=first,
        recipient__lte=last,
        state__in=[State.QUEUED, State.SENDING],
    ).order_by("recipient_id")
    failures = dealt = 0
    for notice, recipient in list(waiting.values_list("pk", "recipient_id")):
        if monotonic() > deadline:
            with transaction.atomic():
                send(SEND_STRETCH, key=str(post), post=str(post), channel=channel, first=recipient, last=last)
            break
        try:
            deliver(notice)
            failures = 0
        except LeaseHeld:
            # The message came twice. Its holder may yet fail, so look again when the lease has run out.
            _alone(notice, delay=lease_length().seconds)
        except DatabaseError:
            raise
        except Exception:
            failures += 1
            if failures >= IN_A_ROW:
                raise
            logger.exception("notice %s was not sent with its stretch", notice)
            _alone(notice)
        dealt += 1
    return dealt


def _alone(notice: int, *, delay: int = 0) -> None:
    with transaction.atomic():
        send(SEND, key=str(notice), delay_seconds=delay, notice=notice)
