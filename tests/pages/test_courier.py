"""The courier's page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import offers
from delivery.models import Courier, Offer
from orders import lifecycle
from orders.lifecycle import SYSTEM, Actor
from orders.models import Order
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier()


@pytest.fixture
def road(courier: Courier) -> Client:
    return sign_in(courier.user)


def offered(courier: Courier) -> tuple[Order, Offer]:
    order = factories.accepted_order()
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    return order, offer


def press(client: Client, name: str, *args: object, **body: str) -> str:
    answer = client.post(reverse(f"delivery:{name}", args=args), body, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_going_online_and_off() -> None:
    courier = factories.make_courier(online=False)
    road = sign_in(courier.user)
    assert "You are offline" in road.get(reverse("delivery:courier")).content.decode()
    assert "You are online in Centre" in press(road, "online", place="48.25,16.4")
    courier.refresh_from_db()
    assert (courier.online, courier.latitude, courier.longitude) == (True, 48.25, 16.4)
    assert "You are offline" in press(road, "offline")
    courier.refresh_from_db()
    assert courier.online is False


@pytest.mark.parametrize("place", ["", "here", "99,200", "nan,nan", "1,2,3"])
def test_an_unreadable_place_is_where_the_courier_was_last(place: str) -> None:
    courier = factories.make_courier(online=False)
    press(sign_in(courier.user), "online", place=place)
    courier.refresh_from_db()
    assert (courier.online, courier.latitude, courier.longitude) == (True, *factories.COUNTER)


def test_an_offer_shows_its_seconds_and_no_address(courier: Courier, road: Client) -> None:
    offered(courier)
    answer = road.get(reverse("delivery:courier"), headers=HTMX)
    shown = answer.context["desk"].offer
    assert 0 < shown.seconds <= shown.of_seconds == pytest.approx(45, abs=0.1)
    assert "1 Test Lane" not in answer.content.decode()


def test_from_offer_to_door(courier: Courier, road: Client) -> None:
    # given
    order, offer = offered(courier)
    # when, then: each stage has one next action, and pressing twice is harmless
    page = press(road, "accept", offer.pk)
    assert "1 Test Lane" in page and "disabled" in page and "Still being cooked" in page
    assert "Still being cooked" in press(road, "accept", offer.pk)
    assert "Not now: the order is accepted" in press(road, "picked-up", order.pk)
    lifecycle.mark_ready(order.pk, by=Actor("restaurant", order.restaurant.user_id))
    assert "Delivered</button>" in press(road, "picked-up", order.pk)
    press(road, "picked-up", order.pk)
    press(road, "delivered", order.pk)
    press(road, "delivered", order.pk)
    order.refresh_from_db()
    assert order.status == "delivered"
    assert order.history.filter(type="order.delivered").count() == 1


def test_declining_ends_the_offer(courier: Courier, road: Client) -> None:
    _, offer = offered(courier)
    assert "The next offer appears here" in press(road, "decline", offer.pk)
    offer.refresh_from_db()
    assert offer.state == "declined"


def test_a_lost_race_reads_taken_by_another_courier(courier: Courier, road: Client) -> None:
    # given: the offer was withdrawn under this courier's finger and another took the order
    order, offer = offered(courier)
    offers.withdraw(offer.pk, by=SYSTEM, reason="test")
    other = factories.make_courier("c-02")
    second = offers.make(order.pk, courier_id=other.pk)
    assert second is not None
    offers.accept(second.pk, courier=other)
    # when
    page = press(road, "accept", offer.pk)
    # then
    assert "Taken by another courier." in page
    order.refresh_from_db()
    assert order.courier_id == other.pk


def test_a_courier_with_an_order_cannot_leave(courier: Courier, road: Client) -> None:
    _, offer = offered(courier)
    press(road, "accept", offer.pk)
    assert "deliver it first" in press(road, "offline")
    courier.refresh_from_db()
    assert courier.online is True


def test_the_customer_reads_the_courier_s_first_name_only(courier: Courier, road: Client) -> None:
    # given
    Courier.objects.update(name="Ada Lovelace")
    order, offer = offered(courier)
    alice = sign_in(order.customer)
    url = reverse("delivery:courier-of", args=[order.pk])
    assert "Ada" not in alice.get(url).content.decode()
    # when
    press(road, "accept", offer.pk)
    # then
    fragment = alice.get(url).content.decode()
    assert "<strong>Ada</strong> picks it up for you." in fragment and "Lovelace" not in fragment


def test_two_orders_of_one_restaurant_are_one_offer_from_door_to_door(courier: Courier, road: Client) -> None:
    Courier.objects.update(capacity=2)
    orders = [factories.accepted_order() for _ in range(2)]
    offer = offers.make(*[order.pk for order in orders], courier_id=courier.pk)
    assert offer is not None
    page = road.get(reverse("delivery:courier")).content.decode()
    assert "2 orders of one restaurant for you" in page
    assert (page.count("m from the counter"), page.count("0 m from the door before")) == (1, 1)
    page = press(road, "accept", offer.pk)
    assert all(order.number in page for order in orders)
