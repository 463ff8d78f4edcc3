"""Payments: called outside the transaction, recorded once, and let go when the order ended meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from messaging.models import OutboxRow
from orders import lifecycle
from orders.lifecycle import SYSTEM, Actor
from orders.models import Order, OrderHistory, Payment
from orders.payments import tasks
from orders.payments.gateway import Authorisation, GatewayUnavailable
from orders.payments.sandbox import SandboxGateway
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


class Counter(SandboxGateway):
    """The sandbox, with a till that remembers what was asked of it, and a hook before it answers."""

    calls: list[tuple[str, str]] = []
    before_answer: Callable[[], object] | None = None

    def authorise(self, *, key: str, amount: int, currency: str, card: str) -> Authorisation:
        self.note("authorise", key)
        answer = super().authorise(key=key, amount=amount, currency=currency, card=card)
        if Counter.before_answer:
            Counter.before_answer()
        return answer

    def capture(self, *, key: str) -> None:
        self.note("capture", key)

    def void(self, *, key: str) -> None:
        self.note("void", key)

    def note(self, what: str, key: str) -> None:
        assert not connection.in_atomic_block, "the gateway was called inside a transaction"
        Counter.calls.append((what, key))


@pytest.fixture(autouse=True)
def calls(settings: Settings) -> Iterator[list[tuple[str, str]]]:
    settings.PAYMENT_GATEWAY = f"{__name__}.Counter"
    Counter.calls, Counter.before_answer = [], None
    yield Counter.calls
    Counter.before_answer = None


def told(order: Order) -> list[str]:
    return list(OrderHistory.objects.filter(order=order).values_list("type", flat=True))


def state(order: Order) -> str:
    return Payment.objects.get(order=order).state


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def commands() -> list[str]:
    return list(OutboxRow.objects.filter(road="sqs").order_by("id").values_list("type", flat=True))


def test_authorised_once_however_often_the_message_comes(calls: list[Any]) -> None:
    order = factories.place_order()
    for _ in range(3):
        tasks.authorise(order=str(order.id))
    assert calls == [("authorise", str(order.payment.id))]
    assert told(order) == ["order.placed", "order.paid"]
    payment = Payment.objects.get(order=order)
    assert (payment.state, payment.gateway_reference) == ("authorised", f"sandbox-{payment.id}")


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_of_another_bank", "unknown_card"),
    ],
)
def test_declined(card: str, code: str, calls: list[Any]) -> None:
    order = factories.place_order(card=card)
    for _ in range(2):
        tasks.authorise(order=str(order.id))
    assert len(calls) == 1
    assert told(order) == ["order.placed", "order.payment_failed"]
    assert (status(order), state(order), Payment.objects.get(order=order).decline_code) == (
        "payment_failed",
        "declined",
        code,
    )


def test_a_gateway_that_is_down_changes_nothing_and_raises() -> None:
    order = factories.place_order(card="tok_unavailable")
    with pytest.raises(GatewayUnavailable):
        tasks.authorise(order=str(order.id))
    assert (status(order), state(order), told(order)) == ("placed", "pending", ["order.placed"])


def test_two_deliveries_at_the_same_time_record_one_answer(calls: list[Any]) -> None:
    order = factories.place_order()

    def the_other_delivery() -> None:
        Counter.before_answer = None
        tasks.authorise(order=str(order.id))

    Counter.before_answer = the_other_delivery
    tasks.authorise(order=str(order.id))
    # The gateway knows both calls as one by their key.
    assert calls == [("authorise", str(order.payment.id))] * 2
    assert told(order) == ["order.placed", "order.paid"]


def test_cancelled_while_the_gateway_thought(calls: list[Any]) -> None:
    order = factories.place_order()
    Counter.before_answer = lambda: lifecycle.cancel(order.id, by=Actor("customer", order.customer_id), reason="hungry")
    tasks.authorise(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "void"]
    assert (status(order), state(order)) == ("cancelled", "voided")
    assert told(order) == ["order.placed", "order.cancelled"]


def test_cancelled_and_void_overtakes_the_answer(calls: list[Any]) -> None:
    order = factories.place_order()

    def cancel_and_void() -> None:
        lifecycle.cancel(order.id, by=Actor("customer", order.customer_id), reason="hungry")
        tasks.void(order=str(order.id))

    Counter.before_answer = cancel_and_void
    tasks.authorise(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "void"]
    assert (status(order), state(order)) == ("cancelled", "voided")


def test_a_worker_that_died_between_answer_and_record_of_a_cancelled_order(calls: list[Any]) -> None:
    order = factories.place_order()

    def die() -> None:
        lifecycle.cancel(order.id, by=Actor("customer", order.customer_id), reason="hungry")
        tasks.void(order=str(order.id))
        raise KeyboardInterrupt

    Counter.before_answer = die
    with pytest.raises(KeyboardInterrupt):
        tasks.authorise(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise"]
    # SQS hands the message out again: what the gateway may hold is let go.
    tasks.authorise(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "void"]
    assert state(order) == "voided"


def test_declined_after_the_order_was_cancelled() -> None:
    order = factories.place_order(card="tok_declined")
    Counter.before_answer = lambda: lifecycle.cancel(order.id, by=Actor("customer", order.customer_id), reason="hungry")
    tasks.authorise(order=str(order.id))
    assert (status(order), state(order)) == ("cancelled", "declined")


def test_captured_once_on_delivery(calls: list[Any]) -> None:
    order = factories.ready_order()
    lifecycle.pick_up(order.id, by=Actor("courier", 1))
    lifecycle.deliver(order.id, by=Actor("courier", 1))
    assert commands()[-1] == "payments.capture"
    for _ in range(3):
        tasks.capture(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "capture"]
    assert state(order) == "captured"
    # A stray void is no refund.
    tasks.void(order=str(order.id))
    assert state(order) == "captured" and len(calls) == 2


@pytest.mark.parametrize(
    "end",
    [
        lambda order: lifecycle.reject(order.id, by=SYSTEM, reason="no answer"),
        lambda order: lifecycle.cancel(order.id, by=Actor("operator", 1), reason="asked"),
    ],
)
def test_let_go_once_when_it_ends_early(end: Callable[[Order], object], calls: list[Any]) -> None:
    order = factories.paid_order()
    end(order)
    assert "payments.void" in commands()
    for _ in range(3):
        tasks.void(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "void"]
    assert state(order) == "voided"
    # Neither a late authorise nor a stray capture takes money again.
    tasks.authorise(order=str(order.id))
    tasks.capture(order=str(order.id))
    assert [what for what, _ in calls] == ["authorise", "void", "void"]
    assert state(order) == "voided"


@pytest.mark.parametrize("task", [tasks.authorise, tasks.capture, tasks.void])
def test_an_unknown_order_fails_loudly(task: Callable[..., None]) -> None:
    with pytest.raises(Payment.DoesNotExist):
        task(order="00000000-0000-0000-0000-000000000000")
