"""Announcing a shift: what is taken, what is refused and in which words, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from delivery import announcing
from delivery.announcing import CannotAnnounce
from delivery.models import AnnouncedShift, Courier
from orders.city import city_now, set_clock
from tests import factories
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def noon() -> datetime:
    """A Thursday, to a few milliseconds."""
    moment = datetime(2026, 6, 4, 12, 0, tzinfo=timezone.get_current_timezone())
    set_clock(at=moment)
    return moment


def announce(courier: Courier, starts_at: datetime, *, hours: float | None = 4.0) -> AnnouncedShift:
    until = None if hours is None else starts_at + timedelta(hours=hours)
    return announcing.announce(courier.pk, starts_at=starts_at, until=until)


def starts(courier: Courier) -> list[datetime]:
    return [each.starts_at for each in announcing.announced(courier.pk)]


def test_a_day_may_have_two_and_the_next_comes_first(courier: Courier, noon: datetime) -> None:
    evening, tomorrow = noon + timedelta(hours=6), noon + timedelta(hours=35)
    for begin in (tomorrow, evening, noon + timedelta(hours=1)):
        announce(courier, begin)
    assert starts(courier) == [noon + timedelta(hours=1), evening, tomorrow]


def test_said_twice_it_is_announced_once(courier: Courier, noon: datetime) -> None:
    first, second = (announce(courier, noon + timedelta(hours=1)) for _ in range(2))
    assert (first, AnnouncedShift.objects.count()) == (second, 1)


@pytest.mark.parametrize(
    ("begin", "hours", "code", "message"),
    [
        (-0.1, 4, "past", "11:54 is over: it is 12:00. Choose a later beginning."),
        (36.1, 4, "too_far", "A shift is announced for today or tomorrow."),
        (1, 0, "ends_first", "The end comes before the beginning."),
        (1, 12.5, "too_long", "A shift is at most 12 hours long; that would be 12.5."),
    ],
)
def test_what_makes_no_sense_is_refused(
    courier: Courier, noon: datetime, begin: float, hours: float, code: str, message: str
) -> None:
    with pytest.raises(CannotAnnounce, match=f"^{message}$") as refused:
        announce(courier, noon + timedelta(hours=begin), hours=hours)
    assert (refused.value.code, AnnouncedShift.objects.exists()) == (code, False)


@pytest.mark.parametrize(
    ("begin", "hours", "fits"),
    [(5, 1, True), (10, 1, True), (5, 1.1, False), (9.9, 1, False), (7, 1, False), (5, 6, False), (6, 2, False)],
)
def test_shifts_may_touch_and_not_overlap(
    courier: Courier, noon: datetime, begin: float, hours: float, fits: bool
) -> None:
    # given
    announce(courier, noon + timedelta(hours=6))
    other = noon + timedelta(hours=begin)
    # when, then
    if fits:
        announce(courier, other, hours=hours)
    else:
        with pytest.raises(CannotAnnounce, match="You have announced today 18:00–22:00 already: withdraw") as refused:
            announce(courier, other, hours=hours)
        assert refused.value.code == "overlap"
    assert AnnouncedShift.objects.count() == 1 + fits


def test_one_without_an_end_counts_as_the_longest(courier: Courier, noon: datetime) -> None:
    announce(courier, noon + timedelta(hours=6), hours=None)
    with pytest.raises(CannotAnnounce, match="announced today from 18:00 already"):
        announce(courier, noon + timedelta(hours=17.9))
    announce(courier, noon + timedelta(hours=18))


def test_another_s_hours_are_no_hindrance(courier: Courier, colleague: Courier, noon: datetime) -> None:
    for each in (courier, colleague):
        announce(each, noon + timedelta(hours=6))
    assert AnnouncedShift.objects.count() == 2


def test_nobody_announces_without_end(courier: Courier, noon: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "MOST", 1)
    announce(courier, noon + timedelta(hours=6))
    with pytest.raises(CannotAnnounce, match="You have announced 1 shifts already") as refused:
        announce(courier, noon + timedelta(hours=18))
    assert refused.value.code == "too_many"


def test_a_shift_that_was_not_begun_is_forgotten(courier: Courier, noon: datetime) -> None:
    # given: announced for one, and it is past three
    announce(courier, noon + timedelta(hours=1))
    set_clock(at=noon + timedelta(hours=3))
    # then
    assert starts(courier) == []
    # when: another is announced, within what would have been the first
    announce(courier, noon + timedelta(hours=3.5))
    # then
    assert AnnouncedShift.objects.get().starts_at == noon + timedelta(hours=3.5)


def test_who_is_a_minute_late_is_still_expected(courier: Courier, noon: datetime) -> None:
    announce(courier, noon + timedelta(hours=1))
    set_clock(at=noon + timedelta(minutes=61))
    assert starts(courier) == [noon + timedelta(hours=1)]


def test_only_one_s_own_is_withdrawn_and_once(courier: Courier, colleague: Courier, noon: datetime) -> None:
    shift = announce(courier, noon + timedelta(hours=6))
    with pytest.raises(AnnouncedShift.DoesNotExist):
        announcing.withdraw(shift.pk, courier_id=colleague.pk)
    assert announcing.withdraw(shift.pk, courier_id=courier.pk) == shift
    with pytest.raises(AnnouncedShift.DoesNotExist):
        announcing.withdraw(shift.pk, courier_id=courier.pk)
    announce(courier, noon + timedelta(hours=7))


@pytest.mark.parametrize(
    ("begin", "hours", "words"),
    [
        (6, 4, "today 18:00–22:00"),
        (10, 4, "today 22:00–02:00"),
        (18, 2, "tomorrow 06:00–08:00"),
        (6, None, "today from 18:00"),
        (48, 2, "Saturday 12:00–14:00"),
    ],
)
def test_hours_are_spoken_by_the_city_s_clock(noon: datetime, begin: float, hours: float | None, words: str) -> None:
    begins = noon + timedelta(hours=begin)
    shift = AnnouncedShift(starts_at=begins, until=None if hours is None else begins + timedelta(hours=hours))
    assert announcing.spoken(shift, now=noon) == words


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_one_instant_do_not_overlap() -> None:
    # given
    courier, begin = factories.make_courier(), city_now() + timedelta(hours=1)
    # when
    results = at_once(
        lambda: announce(courier, begin),
        lambda: announce(courier, begin + timedelta(hours=1)),
    )
    # then
    assert sorted(type(each).__name__ for each in results) == ["AnnouncedShift", "CannotAnnounce"]
    assert AnnouncedShift.objects.count() == 1
