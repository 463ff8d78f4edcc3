"""The customer's and the restaurant's half of the JSON API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from messaging.models import OutboxRow
from orders.models import Order, OrderHistory, Payment, Restaurant
from orders.payments import tasks
from tests import factories

from .conftest import Caller

pytestmark = pytest.mark.django_db


def an_order(restaurant: Restaurant, /, **changes: Any) -> dict[str, Any]:
    soup = restaurant.items.get(name="Soup")
    bread = soup.options.get(name="Bread")
    return {
        "restaurant": restaurant.slug,
        "lines": [{"item": soup.id, "quantity": 2, "options": [bread.id], "unit_price": 1000}],
        "address": {"line": "1 Test Lane", "latitude": 48.209, "longitude": 16.37},
        "card": "tok_ok",
        "expected_total": 2290,
    } | changes


def test_an_order_from_menu_to_counter() -> None:
    restaurant = factories.make_restaurant()
    alice, kitchen = Caller(factories.alice()), Caller(restaurant.user)

    status, menu = alice.get("/restaurants/soup-kitchen")
    assert status == 200
    assert [section["name"] for section in menu["sections"]] == ["Mains", "Sweets"]
    assert menu["sections"][0]["items"][0]["options"][0]["price"] == 100

    status, placed = alice.post("/orders", an_order(restaurant), key="k1")
    assert (status, placed["status"], placed["total"], placed["version"]) == (201, "placed", 2290, 1)
    assert placed["lines"] == [
        {
            "item": menu["sections"][0]["items"][0]["id"],
            "name": "Soup",
            "options": ["Bread"],
            "quantity": 2,
            "unit_price": 1000,
        }
    ]
    # Before it is paid the restaurant neither sees nor moves it.
    assert kitchen.get("/restaurant/orders") == (200, [])
    assert kitchen.post(f"/restaurant/orders/{placed['id']}/accept", {})[0] == 404

    tasks.authorise(order=placed["id"])
    status, seen = kitchen.get("/restaurant/orders")
    assert [order["id"] for order in seen] == [placed["id"]]
    status, accepted = kitchen.post(f"/restaurant/orders/{placed['id']}/accept", {"preparation_minutes": 10})
    assert (status, accepted["status"], accepted["version"]) == (200, "accepted", 3)
    assert accepted["ready_by"]

    status, refused = alice.post(f"/orders/{placed['id']}/cancel", {"reason": "too late"})
    assert (status, refused["code"], refused["status"]) == (409, "illegal_transition", "accepted")

    assert kitchen.post(f"/restaurant/orders/{placed['id']}/ready")[1]["status"] == "ready"
    assert alice.get(f"/orders/{placed['id']}")[1]["status"] == "ready"
    assert alice.get("/orders")[1][0]["status"] == "ready"


def test_the_same_key_gives_the_same_order_and_another_body_a_conflict() -> None:
    restaurant = factories.make_restaurant()
    alice = Caller(factories.alice())
    first = alice.post("/orders", an_order(restaurant), key="k1")
    assert alice.post("/orders", an_order(restaurant), key="k1") == first

    status, conflict = alice.post("/orders", an_order(restaurant, card="tok_declined"), key="k1")
    assert (status, conflict["code"]) == (409, "idempotency_conflict")
    assert Order.objects.count() == Payment.objects.count() == OrderHistory.objects.count() == 1


def test_refusals_say_what_has_changed_and_write_nothing() -> None:
    restaurant = factories.make_restaurant()
    alice = Caller(factories.alice())
    soup = restaurant.items.get(name="Soup")
    wanted = an_order(restaurant)
    restaurant.items.filter(pk=soup.pk).update(price=950)

    status, refused = alice.post("/orders", wanted, key="k1")

    assert (status, refused["code"], refused["total"]) == (422, "price_changed", 2390)
    assert refused["prices"] == [{"item": soup.id, "options": wanted["lines"][0]["options"], "unit_price": 1050}]
    assert not Order.objects.exists() and not OutboxRow.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"restaurant": ', 400, "malformed"),
        ("[]", 422, "invalid"),
        ({"restaurant": "soup-kitchen"}, 422, "invalid"),
        ({"reason": 5}, 422, "invalid"),
    ],
)
def test_malformed_bodies(body: Any, status: int, code: str) -> None:
    factories.make_restaurant()
    answer = Caller(factories.alice()).post("/orders", body, key="k1")
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": []}, "empty_basket"),
        ({"restaurant": "nowhere"}, "unknown_restaurant"),
        ({"restaurant": "soup\u0000kitchen"}, "invalid"),
        ({"card": ""}, "bad_card"),
        ({"address": {"line": "x", "latitude": 91, "longitude": 0}}, "bad_address"),
        ({"address": {"line": "  ", "latitude": 1, "longitude": 0}}, "bad_address"),
        ({"lines": [{"item": 2**70, "quantity": 1, "unit_price": 1}]}, "unknown_item"),
        ({"lines": [{"item": 1, "quantity": 0, "unit_price": 1}]}, "bad_quantity"),
        ({"lines": [{"item": 1, "quantity": 10**30, "unit_price": 1}]}, "too_large"),
        ({"expected_total": 1}, "price_changed"),
    ],
)
def test_orders_that_cannot_be(changes: dict[str, Any], code: str) -> None:
    restaurant = factories.make_restaurant()
    status, refused = Caller(factories.alice()).post("/orders", an_order(restaurant, **changes), key="k1")
    assert (status, refused["code"]) == (422, code)
    assert not Order.objects.exists() and not OutboxRow.objects.exists()


def test_an_order_without_a_key_is_refused() -> None:
    restaurant = factories.make_restaurant()
    status, refused = Caller(factories.alice()).post("/orders", an_order(restaurant))
    assert (status, refused["code"]) == (422, "bad_key")


def test_what_belongs_to_others_is_not_found() -> None:
    restaurant, other = factories.make_restaurant(), factories.make_restaurant("bakery")
    order = factories.paid_order(factories.alice(), restaurant)
    charlie, bakery = Caller(factories.charlie()), Caller(other.user)
    item = restaurant.items.first()
    assert item is not None

    assert charlie.get(f"/orders/{order.id}")[0] == 404
    assert charlie.post(f"/orders/{order.id}/cancel", {"reason": "mine"})[0] == 404
    assert bakery.get(f"/restaurant/orders/{order.id}")[0] == 404
    for move, body in [("accept", {}), ("reject", {"reason": "no"}), ("ready", {}), ("cancel", {"reason": "no"})]:
        assert bakery.post(f"/restaurant/orders/{order.id}/{move}", body)[0] == 404
    assert bakery.post(f"/restaurant/items/{item.id}", {"sold_out": True})[0] == 404
    assert charlie.get("/orders") == bakery.get("/restaurant/orders") == (200, [])
    order.refresh_from_db()
    assert (order.status, order.version) == ("paid", 2)


def test_nobody_and_the_wrong_role(anybody: Caller) -> None:
    restaurant = factories.make_restaurant()
    order = factories.paid_order(factories.alice(), restaurant)
    kitchen = Caller(restaurant.user)

    status, answer = anybody.get("/orders")
    assert (status, answer["code"]) == (401, "not_signed_in")
    anybody.headers = {"Authorization": "Bearer forged"}
    assert anybody.post("/orders", an_order(restaurant), key="k")[0] == 401
    status, answer = kitchen.post("/orders", an_order(restaurant), key="k")
    assert (status, answer["code"]) == (403, "wrong_role")
    assert Caller(factories.bob()).post(f"/restaurant/orders/{order.id}/accept", {})[0] == 403
    assert Order.objects.count() == 1


def test_a_session_works_but_only_with_the_csrf_token() -> None:
    restaurant = factories.make_restaurant()
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.alice())
    assert client.get("/api/orders").status_code == 200
    answer = client.post(
        "/api/orders", an_order(restaurant), content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not Order.objects.exists()


def test_sold_out_and_paused(anybody: Caller) -> None:
    restaurant = factories.make_restaurant()
    kitchen, alice = Caller(restaurant.user), Caller(factories.alice())
    soup = restaurant.items.get(name="Soup")

    assert kitchen.post(f"/restaurant/items/{soup.id}", {"sold_out": True})[1]["sold_out"] is True
    assert alice.post("/orders", an_order(restaurant), key="k1")[1]["code"] == "sold_out"
    assert kitchen.post(f"/restaurant/items/{soup.id}", {"sold_out": False})[1]["sold_out"] is False
    assert kitchen.post("/restaurant/paused", {"paused": True}) == (200, {"paused": True})
    assert anybody.get("/restaurants")[1][0]["is_open"] is False
    refused = alice.post("/orders", an_order(restaurant), key="k1")[1]
    assert (refused["code"], refused["paused"]) == ("closed", True)


def test_the_city(anybody: Caller) -> None:
    status, city = anybody.get("/city")
    assert (status, city["speed"], city["metres_per_minute"]) == (200, 1.0, 320.0)
    assert city["now"].endswith("Z")


def test_what_is_asked_often_stays_cheap(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    restaurant = factories.make_restaurant()
    alice = factories.alice()
    for _ in range(3):
        factories.paid_order(alice, restaurant)
    kitchen, customer = Caller(restaurant.user), Caller(alice)
    with django_assert_num_queries(3):  # account, orders with restaurant, lines
        assert len(kitchen.get("/restaurant/orders")[1]) == 3
    with django_assert_num_queries(3):
        assert len(customer.get("/orders")[1]) == 3
    with django_assert_num_queries(4):  # clock, restaurants, hours, fares
        customer.get("/restaurants")
