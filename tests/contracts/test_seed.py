"""`manage.py seed`: a city once, its clock started and taken up again."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from delivery.models import Courier, Zone
from orders.city import city_now
from orders.models import City, MenuItem, Restaurant
from tests import factories

pytestmark = pytest.mark.django_db

TINY = Path(__file__).parents[1] / "instances" / "tiny"
A_MINUTE = timedelta(minutes=1)


def seed(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("seed", *arguments, "--json", stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def test_the_built_in_city() -> None:
    said = seed("--city", "--speed", "10")

    assert said["fresh"] is True
    assert (said["restaurants"], said["couriers"]) == (Restaurant.objects.count(), Courier.objects.count()) == (40, 60)
    assert Counter(User.objects.values_list("role", flat=True)) == {
        # The visitors, and the accounts that farms of new accounts sign in as.
        "customer": said["customers"] + 2 + 40,
        "restaurant": 40,
        "courier": 60,
        "operator": 1,
    }
    assert not Courier.objects.filter(online=True).exists()
    assert set(Restaurant.objects.values_list("zone", flat=True)) == set(Zone.objects.values_list("slug", flat=True))
    assert not MenuItem.objects.filter(price=0).exists()
    assert User.objects.get(username="alice").addresses.count() == 1
    city = City.objects.get()
    assert (city.speed, city.anchor_city) == (10, datetime(2026, 6, 5, 11, 15, tzinfo=UTC))


def test_everyone_can_sign_in_and_only_the_operator_is_staff(client: Client) -> None:
    seed("--city")
    for name in ("alice", "operator", "c-01", Restaurant.objects.first().user.username):  # type: ignore[union-attr]
        assert client.login(username=name, password=factories.PASSWORD)
    assert list(User.objects.filter(is_staff=True).values_list("username", flat=True)) == ["operator"]


def test_a_second_time_writes_nothing(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    seed("--city", "--speed", "10")
    soup = MenuItem.objects.first()
    assert soup is not None
    MenuItem.objects.filter(pk=soup.pk).update(price=1)
    with django_assert_max_num_queries(5):
        assert seed("--city")["fresh"] is False
    soup.refresh_from_db()
    assert soup.price == 1


def test_the_clock_goes_on_where_the_city_stopped() -> None:
    seed("--city", "--at", "2026-06-05T12:00", "--speed", "1")
    last = factories.place_order(restaurant=factories.make_restaurant()).placed_at
    # Nothing ran for a day.
    City.objects.update(anchor_wall=datetime.now(UTC) - timedelta(days=1))
    assert city_now() > last + timedelta(hours=23)

    said = seed("--city", "--speed", "60")
    assert said["speed"] == 60
    assert timedelta() <= datetime.fromisoformat(said["now"]) - last < 60 * A_MINUTE


def test_without_speed_or_time_a_running_clock_is_left_alone() -> None:
    seed("--city", "--speed", "5")
    before = City.objects.values().get()
    seed("--city")
    assert City.objects.values().get() == before


def test_an_instance_starts_early_enough_for_its_first_order() -> None:
    said = seed("--instance", str(TINY), "--speed", "60")
    assert said["city"] == "tiny"
    assert Restaurant.objects.count() == said["restaurants"]
    assert City.objects.get().anchor_city == datetime(2026, 6, 4, 23, 40, tzinfo=UTC)


def test_from_one_city_to_another_and_back() -> None:
    seed("--city")
    courier = factories.make_courier("c-900", zone="harbour")
    stranger = factories.make_restaurant()
    assert seed("--instance", str(TINY))["fresh"] is True
    courier.refresh_from_db()
    assert courier.online is False
    assert seed("--city")["fresh"] is True
    assert seed("--city")["fresh"] is False
    assert Restaurant.objects.filter(pk=stranger.pk).exists()


@pytest.mark.parametrize("arguments", [("--instance", "/nowhere"), ("--speed", "0"), ("--speed", "nan")])
def test_nonsense_is_refused_and_writes_nothing(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        seed(*arguments)
    assert not Restaurant.objects.exists() and not User.objects.exists()
