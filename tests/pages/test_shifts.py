"""The courier's page of announced shifts: one more by its form, what is refused and why, and taking one back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from delivery import announcing
from delivery.models import AnnouncedShift, Courier
from orders.city import set_clock
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
PAGE = "/courier/shifts/"


@pytest.fixture
def noon() -> datetime:
    """A Thursday, to a few milliseconds."""
    moment = datetime(2026, 6, 4, 12, 0, tzinfo=timezone.get_current_timezone())
    set_clock(at=moment)
    return moment


@pytest.fixture
def courier(noon: datetime) -> Courier:
    return factories.make_courier(online=False)


@pytest.fixture
def road(courier: Courier) -> Client:
    return sign_in(courier.user)


def announce(client: Client, *, status: int = 200, **changes: str) -> str:
    """What htmx gets for the form, filled in with this evening."""
    body = {"day": "2026-06-04", "begins": "18:00", "ends": "22:00"} | changes
    answer = client.post(PAGE, body, headers=HTMX)
    assert answer.status_code == status
    return answer.content.decode()


def spans(courier: Courier) -> list[tuple[datetime, datetime | None]]:
    return [(each.starts_at, each.until) for each in announcing.announced(courier.pk)]


def values(page: str) -> list[str]:
    """What stands in the form."""
    return [name for name in ("2026-06-04", "2026-06-05") if f'<option value="{name}" selected>' in page] + [
        time for time in ("13:00", "17:00", "18:00", "19:00", "22:00", "23:30") if f'value="{time}"' in page
    ]


def test_the_form_proposes_the_hours_that_come(courier: Courier, road: Client) -> None:
    page = road.get(PAGE).content.decode()
    assert "You have announced no shift." in page
    assert values(page) == ["2026-06-04", "13:00", "17:00"]
    assert '<option value="2026-06-05">Tomorrow, Friday</option>' in page
    assert "which says 12:00" in page


def test_shortly_before_midnight_it_proposes_tomorrow(courier: Courier, road: Client, noon: datetime) -> None:
    set_clock(at=noon + timedelta(hours=11, minutes=45))
    page = road.get(PAGE).content.decode()
    assert '<option value="2026-06-05" selected>' in page and 'value="01:00"' in page


def test_announcing_by_htmx_shows_it_at_once_and_twice_is_once(courier: Courier, road: Client, noon: datetime) -> None:
    for _ in range(2):
        piece = announce(road)
        assert "Announced: today 18:00–22:00." in piece and "<html" not in piece
        assert piece.count("Today 18:00–22:00") == 1 and "4 h 00 min" in piece
    assert spans(courier) == [(noon + timedelta(hours=6), noon + timedelta(hours=10))]


def test_announcing_without_script(courier: Courier, road: Client, noon: datetime) -> None:
    body = {"day": "2026-06-05", "begins": "09:30", "ends": "14:00"}
    answer = road.post(PAGE, body, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    page = answer.content.decode()
    assert "Announced: tomorrow 09:30–14:00." in page and "Tomorrow 09:30–14:00" in page
    assert spans(courier) == [(noon + timedelta(hours=21.5), noon + timedelta(hours=26))]


def test_a_night_ends_on_the_next_day(courier: Courier, road: Client, noon: datetime) -> None:
    assert "Announced: today 22:00–02:00." in announce(road, begins="22:00", ends="02:00")
    assert spans(courier) == [(noon + timedelta(hours=10), noon + timedelta(hours=14))]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"begins": "10:00", "ends": "14:00"}, "10:00 is over: it is 12:00. Choose a later beginning."),
        ({"begins": "18:00", "ends": "17:00"}, "A shift is at most 12 hours long; that would be 23."),
        ({"begins": "18:00", "ends": "18:00"}, "A shift is at most 12 hours long; that would be 24."),
        ({"begins": ""}, "Say from when."),
        ({"ends": ""}, "Say until when."),
        ({"ends": "late"}, "Write it as 22:00."),
        ({"begins": "\0"}, "Write it as 18:00."),
        ({"day": "2026-06-03"}, "Choose today or tomorrow."),
        ({"day": "9999-12-31"}, "Choose today or tomorrow."),
        ({"day": ""}, "Choose today or tomorrow."),
    ],
)
def test_what_makes_no_sense_is_said_in_words(
    courier: Courier, road: Client, changes: dict[str, str], says: str
) -> None:
    # when, then: with htmx, and without
    assert says in announce(road, status=422, **changes)
    plain = road.post(PAGE, {"day": "2026-06-04", "begins": "18:00", "ends": "22:00"} | changes)
    assert plain.status_code == 422
    assert says in plain.content.decode() and "<h1>Your shifts</h1>" in plain.content.decode()
    assert not AnnouncedShift.objects.exists()


def test_nothing_that_was_written_is_lost(courier: Courier, road: Client) -> None:
    # given
    announce(road, day="2026-06-05")
    # when
    piece = announce(road, status=422, day="2026-06-05", begins="19:00", ends="23:30")
    # then
    assert "You have announced tomorrow 18:00–22:00 already: withdraw that first" in piece
    assert values(piece) == ["2026-06-05", "19:00", "23:30"]
    assert len(spans(courier)) == 1


def test_an_empty_form_says_what_is_missing(road: Client) -> None:
    page = road.post(PAGE)
    assert page.status_code == 422
    for words in ("Choose today or tomorrow.", "Say from when.", "Say until when."):
        assert words in page.content.decode()


def test_withdrawing_leaves_the_others_and_twice_is_harmless(courier: Courier, road: Client, noon: datetime) -> None:
    # given
    announce(road)
    announce(road, day="2026-06-05")
    first, second = announcing.announced(courier.pk)
    address = reverse("delivery:withdraw-shift", args=[first.pk])
    # when, then: the answer is the line alone, so that nothing moves and what stands in the form stays
    piece = road.post(address, headers=HTMX).content.decode()
    assert piece.startswith("<li>") and "Withdrawn: today 18:00–22:00." in piece and "Withdraw<" not in piece
    assert spans(courier) == [(second.starts_at, second.until)]
    assert "That shift is not announced any more." in road.post(address, headers=HTMX).content.decode()
    # when, then: without script
    page = road.post(reverse("delivery:withdraw-shift", args=[second.pk]), follow=True).content.decode()
    assert "Withdrawn: tomorrow 18:00–22:00." in page and "You have announced no shift." in page
    assert spans(courier) == []


@pytest.mark.parametrize("number", [0, 2**63])
def test_a_number_that_no_shift_has(road: Client, number: int) -> None:
    address = reverse("delivery:withdraw-shift", args=[number])
    assert "That shift is not announced any more." in road.post(address, follow=True).content.decode()


def test_what_others_announce_neither_shows_nor_can_be_withdrawn(courier: Courier, road: Client) -> None:
    # given
    other = sign_in(factories.make_courier("c-02", online=False).user)
    announce(other)
    shift = AnnouncedShift.objects.get()
    # when, then
    assert "You have announced no shift." in road.get(PAGE).content.decode()
    road.post(reverse("delivery:withdraw-shift", args=[shift.pk]), headers=HTMX)
    assert AnnouncedShift.objects.count() == 1


def test_who_is_late_is_asked_to_go_online(courier: Courier, road: Client, noon: datetime) -> None:
    announce(road)
    set_clock(at=noon + timedelta(hours=6, minutes=1))
    assert "It has begun: <a" in road.get(PAGE).content.decode()
    set_clock(at=noon + timedelta(hours=6, minutes=3))
    assert "You have announced no shift." in road.get(PAGE).content.decode()


def test_the_road_leads_there_and_says_when_one_comes(courier: Courier, road: Client) -> None:
    page = road.get(reverse("delivery:courier")).content.decode()
    assert f'href="{PAGE}"' in page and "You come" not in page
    announce(road)
    assert "You come today 18:00–22:00." in road.get(reverse("delivery:courier")).content.decode()
    road.post(reverse("delivery:online"))
    page = road.get(reverse("delivery:courier")).content.decode()
    assert f'href="{PAGE}"' in page and "You come" not in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_for_couriers(anybody: Client, method: str, noon: Any) -> None:
    answer = getattr(anybody, method)(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={PAGE}")
    assert getattr(sign_in(factories.alice()), method)(PAGE).status_code == 403
