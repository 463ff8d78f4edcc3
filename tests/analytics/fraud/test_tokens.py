"""What an order tells of card, device and door: enough to tell them apart, nothing of whose they are."""

from __future__ import annotations

import json

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from messaging.models import OutboxRow
from orders.checkout import LineRequest
from orders.devices import COOKIE, device_of
from orders.models import Order
from orders.payments import tasks
from orders.tokens import card_token, device_token, door_token
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]


def test_the_same_door_and_device_are_known_again_and_no_token_gives_them_away() -> None:
    assert door_token(48.20901, 16.37) == door_token(48.20902, 16.37) != door_token(48.2095, 16.37)
    assert device_token("phone-of-alice") == device_token("phone-of-alice") != device_token("phone-of-bob")
    assert device_token("") == ""
    assert "phone" not in device_token("phone-of-alice") and len(door_token(0, 0)) == 20


def test_a_test_card_is_one_for_each_account_and_a_real_one_the_same_for_all() -> None:
    assert card_token("tok_ok", customer_id=1) != card_token("tok_ok", customer_id=2)
    real = "pm_4242424242424242_a1"
    assert card_token(real, customer_id=1) == card_token(real, customer_id=2)


@pytest.mark.parametrize(
    "told", ["short", "x" * 65, "has space in it", "quote'quote", "\x00\x00\x00\x00\x00\x00\x00\x00"]
)
def test_what_cannot_be_a_device_s_name_is_none(told: str) -> None:
    assert device_of(RequestFactory().get("/", headers={"X-Device": told})) == ""


def test_events_carry_the_tokens_and_the_distance() -> None:
    order = factories.place_order(card="pm_4242424242424242_a1")
    Order.objects.filter(pk=order.pk).update(device_token=device_token("phone-of-alice"))
    placed = json.loads(bytes(OutboxRow.objects.get(type="order.placed").payload))
    assert placed["card_token"] == card_token("pm_4242424242424242_a1", customer_id=order.customer_id)
    assert placed["door_token"] == door_token(*factories.DOOR)
    assert placed["distance"] == 1002 and placed["device_token"] == ""

    tasks.authorise(order=str(order.pk))
    paid = json.loads(bytes(OutboxRow.objects.get(type="payment.authorised").payload))
    assert (paid["card_token"], paid["door_token"]) == (placed["card_token"], placed["door_token"])
    assert paid["device_token"] == device_token("phone-of-alice")


def test_an_app_names_its_device_in_a_header() -> None:
    restaurant, customer = factories.make_restaurant(), factories.alice()
    client = Client()
    client.force_login(customer)
    [soup] = factories.one_soup(restaurant)
    body = {
        "restaurant": restaurant.slug,
        "lines": [as_json(soup)],
        "address": {"line": "1 Test Lane", "latitude": 48.209, "longitude": 16.37},
        "card": "tok_ok",
        "expected_total": 900 + restaurant.delivery_fee,
    }
    answer = client.post(
        "/api/orders",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": "one", "X-Device": "phone-of-alice"},
    )
    assert answer.status_code == 201, answer.content
    assert Order.objects.get().device_token == device_token("phone-of-alice")


def as_json(line: LineRequest) -> dict[str, int | list[int]]:
    return {"item": line.item, "quantity": line.quantity, "unit_price": line.unit_price, "options": []}


def test_a_browser_is_named_by_a_cookie_that_scripts_cannot_read() -> None:
    restaurant = factories.make_restaurant()
    client = Client()
    client.force_login(factories.alice())
    soup = restaurant.items.get(name="Soup")
    client.post(reverse("orders:add", args=[restaurant.slug]), {"item": soup.pk, "quantity": 1})
    answer = client.get(reverse("orders:checkout"))
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and len(cookie.value) == 24
    assert COOKIE not in client.get(reverse("orders:checkout")).cookies
