"""The code at the door: asked for by the customer, known to nobody else, and not to be guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tokens import make_token
from delivery import couriers, offers
from delivery.models import Courier
from messaging.models import OutboxRow
from orders import checkout, customer
from orders.lifecycle import DOOR_TRIES, WrongDoorCode
from orders.models import Order, OrderHistory
from tests import factories
from tests.delivery.conftest import offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier("c-01")


@pytest.fixture
def order(courier: Courier) -> Iterator[Order]:
    """In the bag of the courier, its customer's code being 0123."""
    order = factories.ready_order()
    Order.objects.filter(pk=order.pk).update(door_code="0123")
    offers.accept(offer_to(courier, order).id, courier=courier)
    couriers.pick_up(order.id, courier=courier)
    order.refresh_from_db()
    yield order


def call(courier: Courier, order: Order, body: object = None) -> tuple[int, dict[str, object]]:
    answer = Client().post(
        f"/api/courier/orders/{order.pk}/delivered",
        json.dumps(body) if body is not None else b"",
        content_type="application/json",
        headers={"Authorization": f"Bearer {make_token(courier.user)}"},
    )
    return answer.status_code, answer.json()


def test_a_code_comes_only_where_it_was_asked_for() -> None:
    assert factories.place_order().door_code == ""
    shop = factories.make_restaurant("bakery")
    asked = checkout.place_order(
        customer=factories.bob(),
        restaurant=shop.slug,
        lines=factories.one_soup(shop),
        address=checkout.AddressRequest("1 Test Lane", *factories.DOOR),
        card="tok_ok",
        expected_total=1190,
        idempotency_key="k",
        door_code=True,
    )
    assert len(asked.door_code) == 4 and asked.door_code.isdecimal()
    # and no event carries it
    assert not any("door_code" in bytes(row.payload).decode() for row in OutboxRow.objects.all())
    assert not any("door_code" in json.dumps(fact.payload) for fact in OrderHistory.objects.all())


def test_the_right_code_delivers(courier: Courier, order: Order) -> None:
    assert call(courier, order)[1]["code"] == "door_code"
    assert call(courier, order, {"door_code": "0124"}) == (
        409,
        {
            "code": "door_code",
            "message": f"order {order.number} is handed over against its customer's code: 4 more tries",
            "left": 4,
        },
    )
    order.refresh_from_db()
    assert (order.status, order.door_tries) == ("picked_up", 1)  # what was not typed is no try
    assert call(courier, order, {"door_code": "0123"})[0] == 200
    assert call(courier, order)[0] == 200  # pressed again: nothing is asked any more
    order.refresh_from_db()
    assert order.status == "delivered"


def test_guessing_ends_and_the_customer_can_lift_it(courier: Courier, order: Order) -> None:
    for guess in range(DOOR_TRIES):
        with pytest.raises(WrongDoorCode):
            couriers.deliver(order.id, courier=courier, door_code=f"9{guess:03d}")
    with pytest.raises(WrongDoorCode, match="the customer can lift it"):
        couriers.deliver(order.id, courier=courier, door_code="0123")
    with pytest.raises(Order.DoesNotExist):
        customer.waive_door_code(order.id, by=factories.charlie())
    for _ in range(2):
        customer.waive_door_code(order.id, by=order.customer)
    assert order.history.filter(type="order.code_waived", actor_role="customer").count() == 1
    assert couriers.deliver(order.id, courier=courier).status == "delivered"


def test_the_customer_sees_it_and_the_courier_is_asked(courier: Courier, order: Order) -> None:
    alice, road = Client(), Client()
    alice.force_login(order.customer)
    road.force_login(courier.user)
    tracker = alice.get(reverse("orders:order", args=[order.pk])).content.decode()
    assert '<p class="code num" id="door-code">0123</p>' in tracker
    desk = road.get(reverse("delivery:courier")).content.decode()
    assert "The customer&#x27;s code" in desk or "The customer's code" in desk
    assert "0123" not in desk
    wrong = road.post(reverse("delivery:delivered", args=[order.pk]), {"door_code": "9999"}, follow=True)
    assert "not the customer" in wrong.content.decode()
    road.post(reverse("delivery:delivered", args=[order.pk]), {"door_code": "0123"})
    order.refresh_from_db()
    assert order.status == "delivered"
    assert 'id="door-code"' not in alice.get(reverse("orders:order", args=[order.pk])).content.decode()


def test_only_the_customers_api_shows_it(order: Order) -> None:
    def seen(user: object, path: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {make_token(user)}"}  # type: ignore[arg-type]
        body: dict[str, object] = Client().get(f"/api{path}", headers=headers).json()
        return body

    assert seen(order.customer, f"/orders/{order.pk}")["door_code"] == "0123"
    assert "door_code" not in seen(order.restaurant.user, f"/restaurant/orders/{order.pk}")
