"""Placing an order: what is refused, and that of many attempts under one key exactly one becomes an order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from accounts.models import Address, User
from messaging.models import OutboxRow
from orders.checkout import AddressRequest, CheckoutRefused, IdempotencyConflict, LineRequest, place_order
from orders.city import set_clock
from orders.models import MenuOption, OpeningHours, Order, OrderHistory, OrderLine, Payment, Restaurant
from tests import factories


class Request:
    """A checkout that would succeed: two soups with bread; tests spoil one thing."""

    def __init__(self, customer: User, restaurant: Restaurant) -> None:
        self.soup = restaurant.items.get(name="Soup")
        self.bread = self.soup.options.get(name="Bread")
        self.line = LineRequest(item=self.soup.id, quantity=2, unit_price=1000, options=(self.bread.id,))
        self.fields: dict[str, Any] = {
            "customer": customer,
            "restaurant": restaurant.slug,
            "lines": [self.line],
            "address": AddressRequest(line="1 Test Lane", latitude=48.209, longitude=16.37),
            "card": "tok_ok",
            "expected_total": 2290,
            "idempotency_key": "k1",
        }

    def place(self, **changes: Any) -> Order:
        return place_order(**(self.fields | changes))


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return factories.make_restaurant()


@pytest.fixture
def request_(restaurant: Restaurant) -> Request:
    return Request(factories.alice(), restaurant)


def nothing_written() -> bool:
    tables = (Order, OrderLine, OrderHistory, Payment, OutboxRow)
    return (
        not any(table.objects.exists() for table in tables)
        and Address.objects.count() == User.objects.filter(role="customer").count()
    )  # each test customer has one address from the start


def test_an_order_with_its_lines_payment_history_and_two_messages(request_: Request) -> None:
    order = request_.place()

    assert (order.status, order.version, order.subtotal, order.total) == ("placed", 1, 2000, 2290)
    line = order.lines.get()
    assert (line.name, line.options, line.quantity, line.unit_price) == ("Soup", ["Bread"], 2, 1000)
    assert (order.payment.state, order.payment.amount, order.payment.card) == ("pending", 2290, "tok_ok")
    assert [(row.sequence, row.type) for row in order.history.all()] == [(1, "order.placed")]
    messages = OutboxRow.objects.order_by("id").values_list("road", "type", "key", "sequence")
    assert list(messages) == [
        ("kafka", "order.placed", str(order.id), 1),
        ("sqs", "payments.authorise", str(order.id), None),
    ]


def test_events_carry_no_personal_data(request_: Request) -> None:
    request_.place(address=AddressRequest("221b Secret Street", 48.2, 16.3, instructions="ring for Watson"))
    sent = b"".join(bytes(row.payload) for row in OutboxRow.objects.all())
    for secret in (b"Secret Street", b"Watson", b"alice", b"tok_ok"):
        assert secret not in sent


Spoil = Callable[[Request], dict[str, Any]]


def in_the_past_menu(change: Callable[[Request], object]) -> Spoil:
    def spoil(request: Request) -> dict[str, Any]:
        change(request)
        return {}

    return spoil


def foreign_item(request: Request) -> dict[str, Any]:
    cake = factories.make_restaurant("bakery").items.get(name="Cake")
    return {"lines": [request.line, LineRequest(item=cake.id, quantity=1, unit_price=450)]}


def other_items_option(request: Request) -> dict[str, Any]:
    cake = request.soup.restaurant.items.get(name="Cake")
    candle = MenuOption.objects.create(item=cake, name="Candle", price=10)
    return {"lines": [replace(request.line, options=(candle.id,))]}


def closed_hours(request: Request) -> dict[str, Any]:
    set_clock(at=datetime(2026, 6, 5, 9, 59, tzinfo=UTC))  # a Friday, a minute before it opens
    OpeningHours.objects.create(restaurant=request.soup.restaurant, weekday=4, opens=600, closes=1320)
    return {}


REFUSALS: list[tuple[str, Spoil]] = [
    ("empty_basket", lambda request: {"lines": []}),
    ("too_large", lambda request: {"lines": [replace(request.line, quantity=51)]}),
    ("too_large", lambda request: {"lines": [replace(request.line, quantity=1)] * 21}),
    ("too_large", in_the_past_menu(lambda request: request.soup.restaurant.items.update(price=600_000))),
    ("bad_quantity", lambda request: {"lines": [replace(request.line, quantity=0)]}),
    ("bad_quantity", lambda request: {"lines": [request.line, replace(request.line, quantity=-1)]}),
    ("unknown_restaurant", lambda request: {"restaurant": "nowhere"}),
    ("unknown_restaurant", lambda request: {"restaurant": "nul\0byte"}),
    ("unknown_item", lambda request: {"lines": [replace(request.line, item=0)]}),
    ("unknown_item", lambda request: {"lines": [replace(request.line, item=2**80)]}),
    ("mixed_restaurants", foreign_item),
    ("unknown_option", other_items_option),
    ("unknown_option", lambda request: {"lines": [replace(request.line, options=(request.bread.id,) * 2)]}),
    ("sold_out", in_the_past_menu(lambda request: request.soup.restaurant.items.update(sold_out=True))),
    ("closed", in_the_past_menu(lambda request: Restaurant.objects.update(paused=True))),
    ("closed", closed_hours),
    ("price_changed", in_the_past_menu(lambda request: request.soup.restaurant.items.update(price=901))),
    ("price_changed", in_the_past_menu(lambda request: request.soup.options.update(price=99))),
    ("price_changed", in_the_past_menu(lambda request: Restaurant.objects.update(delivery_fee=300))),
    ("price_changed", lambda request: {"lines": [replace(request.line, unit_price=1)], "expected_total": 2290}),
    ("bad_address", lambda request: {"address": AddressRequest("x", float("nan"), 0)}),
    ("bad_address", lambda request: {"address": AddressRequest("x", 0, 181)}),
    ("bad_address", lambda request: {"address": AddressRequest("", 0, 0)}),
    ("bad_card", lambda request: {"card": ""}),
    ("bad_card", lambda request: {"card": "4" * 61}),
    ("bad_key", lambda request: {"idempotency_key": ""}),
    ("bad_key", lambda request: {"idempotency_key": "k" * 81}),
]


@pytest.mark.parametrize(("code", "spoil"), REFUSALS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(REFUSALS)])
def test_refusals(request_: Request, code: str, spoil: Spoil) -> None:
    changes = spoil(request_)
    with pytest.raises(CheckoutRefused) as refused:
        request_.place(**changes)
    assert refused.value.code == code
    assert nothing_written()


def test_a_minute_later_it_is_open(request_: Request) -> None:
    closed_hours(request_)
    set_clock(at=datetime(2026, 6, 5, 10, 0, tzinfo=UTC))
    assert request_.place().status == "placed"


def test_a_changed_price_is_told(request_: Request) -> None:
    request_.soup.restaurant.items.update(price=950)
    with pytest.raises(CheckoutRefused) as refused:
        request_.place()
    assert refused.value.details == {
        "total": 2390,
        "delivery_fee": 290,
        "prices": [{"item": request_.soup.id, "options": [request_.bread.id], "unit_price": 1050}],
    }


def test_a_repeated_request_gives_the_same_order_even_when_the_menu_has_moved_on(request_: Request) -> None:
    first = request_.place()
    assert request_.place().id == first.id
    Restaurant.objects.update(paused=True)
    assert request_.place().id == first.id
    assert OutboxRow.objects.count() == 2


@pytest.mark.parametrize("changes", [{"card": "tok_declined"}, {"lines": []}, {"expected_total": 0}])
def test_the_key_of_another_request_conflicts(request_: Request, changes: dict[str, Any]) -> None:
    request_.place()
    with pytest.raises(IdempotencyConflict):
        request_.place(**changes)
    assert Order.objects.count() == 1


def test_keys_are_a_customers_own(request_: Request) -> None:
    assert request_.place(customer=factories.bob()).id != request_.place().id


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_place_one_order() -> None:
    request = Request(factories.alice(), factories.make_restaurant())
    start, found, failed = threading.Barrier(8), [], []

    def attempt() -> None:
        try:
            start.wait(timeout=10)
            found.append(request.place().id)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert failed == []
    assert len(found) == 8 and len(set(found)) == 1
    assert Order.objects.count() == Payment.objects.count() == OrderHistory.objects.count() == 1
    assert Address.objects.filter(line="1 Test Lane").count() == 1
    assert OutboxRow.objects.count() == 2
