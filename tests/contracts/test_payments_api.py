"""The API of an order's money: how it stands, and asking some of it back."""

from __future__ import annotations

import uuid

import pytest

from orders.models import Order, Refund
from orders.payments import tasks
from tests import factories
from tests.orders.payments.conftest import captured_order, payment_of
from tests.orders.payments.conftest import provider as provider

from .conftest import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


@pytest.fixture
def alice() -> Caller:
    return Caller(factories.alice())


def test_from_the_hold_to_a_refund(alice: Caller) -> None:
    order = factories.place_order()
    status, body = alice.get(f"/orders/{order.id}/payment")
    assert (status, body) == (
        200,
        {
            "state": "pending",
            "amount": 1190,
            "currency": "EUR",
            "paid": 0,
            "refunded": 0,
            "decline_code": "",
            "action_url": "",
            "lines": [],
            "refunds": [],
        },
    )
    paid = captured_order()
    line = paid.lines.get()
    _, body = alice.get(f"/orders/{paid.id}/payment")
    assert (body["state"], body["paid"]) == ("captured", 1190)
    assert body["lines"] == [{"line": line.pk, "name": "Soup", "unit_price": 900, "left": 1}]
    problem = {"reason": "missing", "pieces": [{"line": line.pk, "quantity": 1}]}
    status, refund = alice.post(f"/orders/{paid.id}/problems", problem)
    assert (status, refund["amount"], refund["state"]) == (201, 900, "approved")
    tasks.refund(refund=refund["id"])
    _, body = alice.get(f"/orders/{paid.id}/payment")
    assert (body["state"], body["paid"], body["refunded"], body["lines"]) == ("partly_refunded", 1190, 900, [])
    assert [each["state"] for each in body["refunds"]] == ["succeeded"]
    status, body = alice.post(f"/orders/{paid.id}/problems", problem)
    assert (status, body["code"]) == (422, "too_much")


def test_where_the_bank_asks(alice: Caller) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    _, body = alice.get(f"/orders/{order.id}/payment")
    assert (body["state"], body["action_url"]) == ("action", payment_of(order).action_url)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "goodwill"},
        {"reason": "late", "note": "\u0000"},
        {"reason": "late", "pieces": [{"line": 1, "quantity": 0}]},
        {"reason": "late", "pieces": [{"line": 2**70, "quantity": 1}]},
    ],
)
def test_a_problem_that_cannot_be_read(alice: Caller, body: dict[str, object]) -> None:
    order = captured_order()
    status, answer = alice.post(f"/orders/{order.id}/problems", body)
    assert (status, answer["code"]) == (422, "invalid")
    assert Refund.objects.count() == 0


def test_not_paid_is_a_conflict(alice: Caller) -> None:
    order = factories.place_order()
    status, body = alice.post(f"/orders/{order.id}/problems", {"reason": "late"})
    assert (status, body["code"]) == (409, "not_paid")


def test_anothers_money_is_not_found(alice: Caller) -> None:
    order = captured_order()
    charlie = Caller(factories.charlie())
    for known in (order.id, uuid.uuid4()):
        assert charlie.get(f"/orders/{known}/payment")[0] == 404
        assert charlie.post(f"/orders/{known}/problems", {"reason": "late"})[0] == 404
    assert (Refund.objects.count(), Order.objects.count()) == (0, 1)
    assert Caller().get(f"/orders/{order.id}/payment")[0] == 401
