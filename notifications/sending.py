"""Sending one notice, under its lease: at least one attempt, and another only after one that did not end well.

A worker that dies between the provider's answer and the commit leaves the notice `sending` with a lease that runs out.
Whoever gets the message then sends again under the same Message-ID, by which a mailbox knows the copy. While the lease
is held the message is not acknowledged: its holder may yet fail, and nobody else would be told.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from .channels import Refused, Skip, sender_of
from .models import Notice

logger = logging.getLogger(__name__)

State = Notice.State

#: What may still be sent. A failed notice whose command comes again was redriven, or asked for in the admin.
OPEN = (State.QUEUED, State.SENDING, State.FAILED)


class LeaseHeld(Exception):
    """Another worker is sending this notice: the message must come back later."""


def lease_length() -> timedelta:
    """A little less than the time in which SQS gives the message of a dead worker to another."""
    return timedelta(seconds=settings.VISIBILITY_SECONDS * 0.8)


def deliver(pk: int) -> None:
    """Send the notice if it is still open, and write down how it went.

    Raises:
        LeaseHeld, TryLater: again later. Anything else is a fault of this program or its settings, and comes back,
        too, until the message lies in the dead letters: after the repair it is redriven and sent once.
    """
    token = uuid.uuid4()
    notice = _claim(pk, token)
    if notice is None:
        return
    try:
        provider_id = sender_of(notice.channel).send(notice)
    except Skip as why:
        _settle(notice, token, state=State.SKIPPED, reason=str(why))
    except Refused as why:
        _settle(notice, token, state=State.FAILED, reason=str(why))
    except Exception as error:
        last = notice.attempts >= settings.MAX_RECEIVES
        reason = f"{type(error).__name__}: {error}"
        _settle(notice, token, state=State.FAILED if last else State.QUEUED, reason=reason)
        raise
    else:
        _settle(notice, token, state=State.SENT, reason="", provider_id=provider_id[:255], sent_at=Now())


def _claim(pk: int, token: uuid.UUID) -> Notice | None:
    """The notice under this worker's lease, None where there is nothing left to do.

    Raises:
        LeaseHeld: another's has not run out.
    """
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    claimed = Notice.objects.filter(free, pk=pk, state__in=OPEN).update(
        state=State.SENDING, lease=token, leased_until=Now() + lease_length(), attempts=F("attempts") + 1
    )
    found = Notice.objects.select_related("recipient").filter(pk=pk).first()
    if claimed == 1:
        return found
    if found is not None and found.state in OPEN:
        raise LeaseHeld(f"notice {pk} is in another worker's hands")
    return None


def _settle(notice: Notice, token: uuid.UUID, *, state: str, reason: str, **changes: Any) -> None:
    # A reason may quote what a provider said, and PostgreSQL's text holds no NUL.
    reason = reason.replace("\0", "")[:2000]
    held = Notice.objects.filter(pk=notice.pk, lease=token)
    if held.update(state=state, reason=reason, lease=None, leased_until=None, **changes) != 1:
        logger.warning("notice %s was %s after its lease had run out: another worker has it", notice.pk, state)
