"""The courier's page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import couriers, giving_back, handover, offers
from delivery.models import Courier, Offer
from orders import lifecycle
from orders.lifecycle import SYSTEM, Actor
from orders.models import Order
from tests import factories
from tests.delivery.conftest import in_the_bag, let_run_out, offer_to, taken

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


def lost(client: Client) -> str:
    page = client.get(reverse("delivery:courier"), headers=HTMX)
    shown = page.context["desk"].lost
    return "" if shown is None else " ".join(shown.words)


def test_a_job_that_is_called_off_is_told_until_the_courier_goes_on(courier: Courier, road: Client) -> None:
    # given
    order = taken(courier)
    # when
    lifecycle.cancel(order.pk, by=Actor("restaurant", order.restaurant.user_id), reason="An ingredient ran out")
    couriers.release(order.pk)
    # then: in words, until they say that they know
    assert lost(road) == f"Order {order.number} was called off. You need not do any more."
    page = road.get(reverse("delivery:courier"), headers=HTMX)
    assert "Understood" in page.content.decode()
    after = press(road, "understood", latest=str(page.context["desk"].lost.latest))
    assert "was called off" not in after and lost(road) == ""
    # when: another is lost, and a new offer comes
    second = in_the_bag(courier)
    lifecycle.cancel(second.pk, by=Actor("operator", 1), reason="The street is closed")
    couriers.release(second.pk)
    bag = "Do not bring it: an operator tells you what to do with the bag."
    assert lost(road) == f"Order {second.number} was called off. {bag}"
    offer = offer_to(courier)
    assert lost(road) == ""
    # then: it is not told again after that one
    offers.decline(offer.pk, courier=courier)
    assert lost(road) == ""


def test_a_job_that_an_operator_takes_is_told_with_the_reason(courier: Courier, road: Client) -> None:
    order = taken(courier)
    handover.withdraw(order.pk, held_by=courier.pk, by=Actor("operator", 1), reason="better_placed")
    said = "An operator took order {} from you: another courier is better placed. You need not do any more."
    assert lost(road) == said.format(order.number)


def test_what_the_courier_gives_back_is_no_news(courier: Courier, road: Client) -> None:
    order = taken(courier)
    giving_back.cannot_go_on(order.pk, courier=courier, reason="too_much")
    assert lost(road) == ""


def test_an_offer_that_ends_is_told(courier: Courier, road: Client) -> None:
    # when: its time is over
    _, offer = offered(courier)
    let_run_out(offer)
    offers.expire(offer.pk)
    assert lost(road) == "The offer ended: its time was over, and another courier is asked."
    # when: a bundle is taken back
    bundle = offers.make(factories.accepted_order().pk, factories.accepted_order().pk, courier_id=wide(courier).pk)
    assert bundle is not None
    offers.withdraw(bundle.pk, reason="better_placed")
    assert lost(road) == "The offer ended: it was taken back."
    # when: they go offline with an offer open, which they know
    offered(courier)
    couriers.go_offline(courier.pk)
    assert lost(road) == ""


def wide(courier: Courier) -> Courier:
    courier.capacity = 2
    courier.save(update_fields=["capacity"])
    return courier
