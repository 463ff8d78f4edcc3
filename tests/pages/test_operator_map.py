"""The operator's map: the same in a table, few queries however many there are, and couriers only to operators."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.live.sightings import Sightings
from delivery import offers
from delivery.events import CourierMoved
from tests import factories
from tests.delivery.conftest import offer_to

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def town(page: str) -> Any:
    found = re.search(r'<script id="town-data" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_everybody_is_on_the_map_and_in_the_tables(operator: Client) -> None:
    # given an order with a courier, one that is asked about, one that nobody has, and one that is not cooked
    brought, asked, alone = (factories.accepted_order() for _ in range(3))
    factories.paid_order()
    busy, free = factories.make_courier("c-01"), factories.make_courier("c-02")
    factories.make_courier("c-03", online=False)
    offers.accept(offer_to(busy, brought).id, courier=busy)
    offers.make(asked.pk, courier_id=free.pk)
    # when
    page = operator.get(reverse("operator-map")).content.decode()
    # then
    seen = town(page)
    assert {each["name"]: each["load"] for each in seen["couriers"]} == {"c-01": 1, "c-02": 1}
    assert {each["url"] for each in seen["orders"]} == {
        reverse("operator-story", args=[order.pk]) for order in (asked, alone)
    }
    assert [each["name"] for each in seen["restaurants"]] == ["Soup Kitchen"]
    assert "Without a courier: 2" in page and page.count("one is asked") == 1 and page.count("nobody yet") == 1
    assert "Couriers on shift: 2, 2 with an order" in page
    fragment = operator.get(reverse("operator-map"), headers={"HX-Request": "true"}).content.decode()
    assert town(fragment) == seen and "<html" not in fragment


def test_an_empty_city_says_so(operator: Client) -> None:
    page = operator.get(reverse("operator-map")).content.decode()
    assert "Nobody is on shift" in page and "Every order that is cooked has a courier" in page


def test_few_queries_however_many_there_are(operator: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        factories.make_courier(f"c-{number:02}")
        factories.accepted_order()
    with django_assert_max_num_queries(9):
        operator.get(reverse("operator-map"))


def test_only_operators_may() -> None:
    shop, courier, customer = factories.make_restaurant(), factories.make_courier(), factories.alice()
    for user in (shop.user, courier.user, customer):
        client = sign_in(user)
        assert client.get(reverse("operator-map")).status_code == 403
    assert Client().get(reverse("operator-map")).status_code == 302


def test_who_moved_since_is_told_once_and_only_while_somebody_looks() -> None:
    seen = Sightings()
    watched = [seen.watched]
    with seen.watch():
        watched.append(seen.watched)
        seen.note(CourierMoved(courier_id=7, latitude=48.2000004, longitude=16.3))
        seen.note(CourierMoved(courier_id=8, latitude=48.3, longitude=16.4))
        seen.note(CourierMoved(courier_id=7, latitude=48.21, longitude=16.3))
        count, moved = seen.since(0)
        assert sorted(moved) == [(7, 48.21, 16.3), (8, 48.3, 16.4)]
        assert seen.since(count) == (count, [])
        seen.note(CourierMoved(courier_id=8, latitude=48.31, longitude=16.4))
        assert seen.since(count)[1] == [(8, 48.31, 16.4)]
    assert [*watched, seen.watched] == [False, True, False] and seen.since(0)[1] == []
