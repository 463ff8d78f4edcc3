"""Refunds: by line or whole, never more than was paid, decided once and given back once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from messaging.models import Incident, OutboxRow
from orders.lifecycle import Actor
from orders.models import Order, Payment, PaymentHistory, Refund
from orders.payments import ledger, refunds, reminders, tasks
from orders.payments.refunds import CannotRefund
from tests import factories

from .conftest import Provider, captured_order, payment_of

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR = Actor("operator", 1)


def customer_of(order: Order) -> Actor:
    return Actor("customer", order.customer_id)


def the_line(order: Order) -> int:
    return int(order.lines.get().pk)


def owed() -> list[str]:
    return list(OutboxRow.objects.filter(type="payments.refund").values_list("key", flat=True))


def give_back(refund: Refund) -> Refund:
    tasks.refund(refund=str(refund.pk))
    refund.refresh_from_db()
    return refund


def test_a_piece_of_a_line(provider: Provider) -> None:
    order = captured_order()
    refund = refunds.ask(order.id, by=customer_of(order), reason="missing", pieces={the_line(order): 1})
    assert (refund.amount, refund.state, owed()) == (900, "approved", [str(order.id)])
    for _ in range(3):
        give_back(refund)
    payment = payment_of(order)
    assert (refund.state, payment.state, payment.refunded) == ("succeeded", "partly_refunded", 900)
    assert provider.books()[payment.gateway_reference]["refunded"] == 900
    assert ledger.receipt_of(order) == ledger.Receipt(charged=1190, paid=1190, refunded=900)
    told = list(PaymentHistory.objects.filter(payment=payment).values_list("sequence", "type"))
    assert told[2:] == [(3, "payment.refund_requested"), (4, "payment.refunded")]
    with pytest.raises(CannotRefund) as refused:
        refunds.ask(order.id, by=OPERATOR, reason="missing", pieces={the_line(order): 1})
    assert refused.value.code == "too_much"
    # The rest, and then nothing is left.
    give_back(refunds.ask(order.id, by=OPERATOR, reason="late"))
    assert (payment_of(order).state, payment_of(order).refunded) == ("refunded", 1190)
    with pytest.raises(CannotRefund, match="given back"):
        refunds.ask(order.id, by=OPERATOR, reason="late", amount=1)
    assert ledger.receipt_of(order).kept == 0


def test_a_customers_second_or_great_wish_is_decided_by_an_operator(provider: Provider) -> None:
    order = captured_order()
    first = refunds.ask(order.id, by=customer_of(order), reason="late")
    assert (first.amount, first.state) == (1190, "approved")
    dear = captured_order()
    Payment.objects.filter(order=dear).update(amount=9000, captured=9000)
    wish = refunds.ask(dear.id, by=customer_of(dear), reason="late", amount=refunds.UNQUESTIONED + 1)
    again = refunds.ask(dear.id, by=customer_of(dear), reason="late", amount=1)
    assert (wish.state, again.state, owed()) == ("requested", "requested", [str(order.id)])
    tasks.refund(refund=str(wish.pk))
    assert payment_of(dear).refunded == 0, "nobody has said yes"
    assert refunds.approve(wish.pk, by=OPERATOR).state == "approved"
    with pytest.raises(CannotRefund, match="Say why"):
        refunds.refuse(again.pk, by=OPERATOR, why=" ")
    no = refunds.refuse(again.pk, by=OPERATOR, why=" It came in time ")
    assert (no.state, no.refusal, no.decided_by_id) == ("refused", "It came in time", 1)
    assert PaymentHistory.objects.get(type="payment.refund_refused").payload["why"] == "It came in time"
    assert payment_of(dear).refunding == refunds.UNQUESTIONED + 1
    with pytest.raises(CannotRefund, match="decided before"):
        refunds.approve(again.pk, by=OPERATOR)
    with pytest.raises(CannotRefund, match="decided before"):
        refunds.refuse(again.pk, by=OPERATOR, why="It came in time")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"pieces": {0: 1}}, "unknown_line"),
        ({"amount": 1191}, "too_much"),
        ({"amount": 0}, "too_much"),
        ({"amount": -5}, "too_much"),
    ],
)
def test_more_than_is_there(provider: Provider, wish: dict[str, object], code: str) -> None:
    order = captured_order()
    with pytest.raises(CannotRefund) as refused:
        refunds.ask(order.id, by=OPERATOR, reason="late", **wish)  # type: ignore[arg-type]
    assert (refused.value.code, Refund.objects.count(), payment_of(order).refunding) == (code, 0, 0)


def test_nothing_is_given_back_before_it_was_paid(provider: Provider) -> None:
    order = factories.ready_order()
    with pytest.raises(CannotRefund) as refused:
        refunds.ask(order.id, by=OPERATOR, reason="late")
    assert refused.value.code == "not_paid"


def test_many_who_ask_at_once_get_it_once(provider: Provider) -> None:
    order = captured_order()

    def ask(_: int) -> str:
        try:
            return refunds.ask(order.id, by=OPERATOR, reason="missing", pieces={the_line(order): 1}).state
        except CannotRefund as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(8)))
    assert answers == ["approved"] + ["too_much"] * 7
    assert payment_of(order).refunding == 900


def test_what_the_gateway_will_not_give_back(provider: Provider) -> None:
    order = captured_order()
    provider.post("/v1/refunds", payment_intent=payment_of(order).gateway_reference)
    refund = give_back(refunds.ask(order.id, by=OPERATOR, reason="late"))
    assert (refund.state, refund.failure_code) == ("failed", "charge_already_refunded")
    assert (payment_of(order).refunding, payment_of(order).refunded) == (0, 0)
    assert Incident.objects.get().kind == "refund_failed"
    assert PaymentHistory.objects.filter(type="payment.refund_failed").count() == 1
    assert ledger.receipt_of(order).refunded == 0


def test_a_forgotten_refund_is_owed_again(provider: Provider) -> None:
    order = captured_order()
    refund = refunds.ask(order.id, by=OPERATOR, reason="late")
    OutboxRow.objects.all().delete()
    assert reminders.remind_payments() == 0
    Refund.objects.update(updated_at=Now() - timedelta(hours=1))
    assert [reminders.remind_payments(), reminders.remind_payments()] == [1, 0]
    assert OutboxRow.objects.get(type="payments.refund").key == str(order.id)
    assert give_back(refund).state == "succeeded"
