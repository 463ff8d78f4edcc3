"""Telling open pages that an inbox grew. A bell may be lost: the page that was not told reads the inbox later."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from messaging.stream import emit

from .events import NoticeGiven

#: A crowd is not called one by one: whoever looks reads their inbox anyway.
CROWD = 200


def ring(recipients: Collection[int]) -> None:
    """Tell these people's pages, once what was written is committed."""
    if 0 < len(recipients) <= CROWD:
        transaction.on_commit(lambda: _ring(recipients))


def _ring(recipients: Collection[int]) -> None:
    for recipient in recipients:
        emit(NoticeGiven(recipient_id=recipient), key=str(recipient))
