"""Shifts that are announced: rounds plan with who comes soon, and offer nothing before they are online.

A word and no promise: who does not come is not counted on any more, and whoever comes says anew until when.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from orders.city import city_now

from .locks import lock_courier
from .models import LATE_MINUTES, AnnouncedShift

#: A longer one is a slip of the finger. One without an end counts as so long when it is asked what overlaps.
LONGEST = timedelta(hours=12)
#: Shifts that a courier may have announced at one time.
MOST = 10


class CannotAnnounce(ValueError):
    """Nothing was changed; the message says why, in words for the courier.

    `code`: past, too_far, ends_first, too_long, overlap or too_many.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def announced(courier_id: int) -> list[AnnouncedShift]:
    """What a courier has announced and not begun, the next first."""
    return list(AnnouncedShift.objects.standing().filter(courier_id=courier_id).order_by("starts_at"))


@transaction.atomic
def announce(courier_id: int, *, starts_at: datetime, until: datetime | None) -> AnnouncedShift:
    """Say when a shift of today or tomorrow begins and ends (city time). Safe to press twice.

    Raises:
        CannotAnnounce.
    """
    now = city_now()
    _check(starts_at, until, now=now)
    lock_courier(courier_id)
    standing = announced(courier_id)
    for other in standing:
        if (other.starts_at, other.until) == (starts_at, until):
            return other
        if starts_at < _end(other.starts_at, other.until) and other.starts_at < _end(starts_at, until):
            raise CannotAnnounce(
                "overlap",
                f"You have announced {spoken(other, now=now)} already: withdraw that first, or choose other hours.",
            )
    if len(standing) >= MOST:
        raise CannotAnnounce("too_many", f"You have announced {MOST} shifts already: withdraw one first.")
    # Nobody waits for those any more.
    AnnouncedShift.objects.filter(courier_id=courier_id).exclude(pk__in=[each.pk for each in standing]).delete()
    return AnnouncedShift.objects.create(courier_id=courier_id, starts_at=starts_at, until=until)


def withdraw(shift_id: int, *, courier_id: int) -> AnnouncedShift:
    """Take it back, and return what it was.

    Raises:
        AnnouncedShift.DoesNotExist: unknown, another's, or withdrawn before.
    """
    shift = AnnouncedShift.objects.get(pk=shift_id, courier_id=courier_id)
    AnnouncedShift.objects.filter(pk=shift_id).delete()
    return shift


def spoken(shift: AnnouncedShift, *, now: datetime) -> str:
    """Its hours by the city's clock, such as “today 18:00–22:00”."""
    begin, today = localtime(shift.starts_at), localtime(now).date()
    near = {today: "today", today + timedelta(days=1): "tomorrow"}
    day = near.get(begin.date(), f"{begin:%A}")
    if shift.until is None:
        return f"{day} from {begin:%H:%M}"
    return f"{day} {begin:%H:%M}–{localtime(shift.until):%H:%M}"


def _check(starts_at: datetime, until: datetime | None, *, now: datetime) -> None:
    if starts_at <= now - timedelta(minutes=LATE_MINUTES):
        raise CannotAnnounce(
            "past", f"{localtime(starts_at):%H:%M} is over: it is {localtime(now):%H:%M}. Choose a later beginning."
        )
    if localtime(starts_at).date() > localtime(now).date() + timedelta(days=1):
        raise CannotAnnounce("too_far", "A shift is announced for today or tomorrow.")
    if until is None:
        return
    if until <= starts_at:
        raise CannotAnnounce("ends_first", "The end comes before the beginning.")
    if until - starts_at > LONGEST:
        hours = (until - starts_at) / timedelta(hours=1)
        raise CannotAnnounce(
            "too_long", f"A shift is at most {LONGEST // timedelta(hours=1)} hours long; that would be {hours:.3g}."
        )


def _end(starts_at: datetime, until: datetime | None) -> datetime:
    return until or starts_at + LONGEST
