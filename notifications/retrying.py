"""Asking again for notices that failed or were skipped, as an operator may after a repair."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from messaging.outbox import send_many

from .asking import SEND, command_key
from .models import Channel, Notice

State = Notice.State


@transaction.atomic
def retry(notices: Sequence[int]) -> int:
    """Queue these again, each with a new command; how many were. Sent ones, and those on their way, are left alone.

    Preferences still hold: what its recipient turned off is skipped again.
    """
    again = (
        Notice.objects.select_for_update()
        .filter(pk__in=notices, state__in=[State.FAILED, State.SKIPPED])
        .exclude(channel=Channel.INBOX)
    )
    found = list(again.order_by("pk").values_list("pk", "kind", "about"))
    Notice.objects.filter(pk__in=[pk for pk, _, _ in found]).update(state=State.QUEUED, reason="asked for again")
    send_many(SEND, [(command_key(pk, kind, about), {"notice": pk}) for pk, kind, about in found])
    return len(found)
