"""The restaurant's board."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import OutboxRow
from orders.models import Order, Restaurant
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop() -> Restaurant:
    return factories.make_restaurant()


@pytest.fixture
def cook(shop: Restaurant) -> Client:
    return sign_in(shop.user)


def lanes(client: Client) -> dict[str, list[str]]:
    context = client.get(reverse("orders:kitchen"), headers=HTMX).context
    return {lane.status: [ticket.order.number for ticket in lane.tickets] for lane in context["lanes"]}


def test_an_order_walks_over_the_board(shop: Restaurant, cook: Client) -> None:
    # given
    order = factories.paid_order(restaurant=shop)
    assert lanes(cook) == {"paid": [order.number], "accepted": [], "ready": []}
    # when, then
    answer = cook.post(reverse("orders:kitchen-accept", args=[order.pk]), {"minutes": "20"}, headers=HTMX)
    assert order.number in answer.content.decode() and b"<html" not in answer.content
    assert lanes(cook) == {"paid": [], "accepted": [order.number], "ready": []}
    order.refresh_from_db()
    assert order.ready_by is not None and order.accepted_at is not None
    assert (order.ready_by - order.accepted_at).total_seconds() == 20 * 60
    cook.post(reverse("orders:kitchen-ready", args=[order.pk]), headers=HTMX)
    assert lanes(cook) == {"paid": [], "accepted": [], "ready": [order.number]}


def test_an_unpaid_order_is_not_on_the_board(shop: Restaurant, cook: Client) -> None:
    factories.place_order(restaurant=shop)
    assert lanes(cook) == {"paid": [], "accepted": [], "ready": []}


def test_a_rejection_carries_its_reason(shop: Restaurant, cook: Client) -> None:
    order = factories.paid_order(restaurant=shop)
    cook.post(reverse("orders:kitchen-reject", args=[order.pk]), {"reason": "An ingredient ran out"}, headers=HTMX)
    order.refresh_from_db()
    fact = order.history.get(type="order.rejected")
    assert (order.status, fact.reason) == ("rejected", "An ingredient ran out")


def test_a_press_that_comes_too_late_says_so_and_changes_nothing(shop: Restaurant, cook: Client) -> None:
    order = factories.accepted_order(restaurant=shop)
    facts, owed = order.history.count(), OutboxRow.objects.count()
    answer = cook.post(reverse("orders:kitchen-accept", args=[order.pk]), {"minutes": "20"}, headers=HTMX)
    assert answer.status_code == 200
    assert f"Nothing was changed: order {order.number} is being prepared already." in answer.content.decode()
    assert (order.history.count(), OutboxRow.objects.count()) == (facts, owed)


@pytest.mark.parametrize("minutes", ["-5", "soon", "100000", "nan"])
def test_senseless_minutes_accept_nothing(shop: Restaurant, cook: Client, minutes: str) -> None:
    order = factories.paid_order(restaurant=shop)
    answer = cook.post(reverse("orders:kitchen-accept", args=[order.pk]), {"minutes": minutes}, headers=HTMX)
    order.refresh_from_db()
    assert order.status == "paid"
    assert 'role="alert"' in answer.content.decode()


def test_without_scripts_a_press_leads_back_to_the_board(shop: Restaurant, cook: Client) -> None:
    order = factories.paid_order(restaurant=shop)
    answer = cook.post(reverse("orders:kitchen-accept", args=[order.pk]), {"minutes": "20"})
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('orders:kitchen')}?tab=paid")


def test_an_item_is_taken_off_and_put_back(shop: Restaurant, cook: Client) -> None:
    cake = shop.items.get(name="Cake")
    url = reverse("orders:kitchen-item", args=[cake.pk])
    assert "Put back" in cook.post(url, {"sold_out": "yes"}, headers=HTMX).content.decode()
    cake.refresh_from_db()
    assert cake.sold_out is True
    cook.post(url, {"sold_out": "no"})
    cake.refresh_from_db()
    assert cake.sold_out is False


def test_pausing_closes_the_restaurant_to_customers(shop: Restaurant, cook: Client, anybody: Client) -> None:
    cook.post(reverse("orders:kitchen-pause"), {"paused": "yes"})
    assert "Take orders again" in cook.get(reverse("orders:kitchen")).content.decode()
    assert (
        "takes no orders for the moment" in anybody.get(reverse("orders:restaurant", args=[shop.slug])).content.decode()
    )
    cook.post(reverse("orders:kitchen-pause"), {"paused": "no"})
    shop.refresh_from_db()
    assert shop.paused is False


def test_an_order_held_for_review_is_not_said_to_wait_for_a_courier(shop: Restaurant, cook: Client) -> None:
    order = factories.accepted_order(restaurant=shop)
    Order.objects.filter(pk=order.pk).update(hold=Order.Hold.HELD)
    page = cook.get(reverse("orders:kitchen"), headers=HTMX).content.decode()
    assert "We are checking this order" in page and "Looking for a courier" not in page
