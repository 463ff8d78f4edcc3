"""The inbox: notices that are sent by being written, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Now

from .models import Channel, Notice
from .words import Headline, headline_of, texts_of

#: Notices on a page.
PAGE = 20
#: Counted no further: the head of a page has no room for more.
MOST_COUNTED = 99


@dataclass(frozen=True, slots=True)
class Shown:
    notice: Notice
    words: Headline


def notices_of(user: int) -> QuerySet[Notice]:
    """What stands in somebody's inbox."""
    return Notice.objects.filter(recipient=user, channel=Channel.INBOX, state=Notice.State.SENT)


def page_of(user: int, *, before: int | None = None) -> tuple[list[Shown], int | None]:
    """A page of the inbox, and the id that the next begins before (None: this is the last)."""
    found = notices_of(user).select_related("recipient").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    notices = list(found[: PAGE + 1])
    texts = texts_of(notices)
    shown = [Shown(notice, headline_of(notice, texts.get(notice.about))) for notice in notices[:PAGE]]
    return shown, shown[-1].notice.pk if len(notices) > PAGE else None


def unread(user: int) -> int:
    """How many are unread, counted up to MOST_COUNTED."""
    return notices_of(user).filter(read_at=None)[:MOST_COUNTED].count()


def mark_read(user: int, *, only: int | None = None) -> int:
    """Mark one notice, or every one, as read; how many were not. Another's are never touched."""
    found = notices_of(user).filter(read_at=None)
    if only is not None:
        found = found.filter(pk=only)
    return found.update(read_at=Now())
