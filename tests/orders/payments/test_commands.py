"""Payments: called outside the transaction, recorded once, and let go when the order ended meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from pytest_django import Settings

from messaging.models import Incident, OutboxRow
from orders import lifecycle
from orders.lifecycle import SYSTEM, Actor
from orders.models import Order, OrderHistory, Payment, PaymentHistory, Posting
from orders.payments import reminders, tasks
from orders.payments.gateway import GatewayPayment, GatewayUnavailable
from orders.payments.lease import LeaseHeld
from orders.payments.stripe import StripeGateway
from tests import factories

from .conftest import Provider, captured_order, delivered, payment_of

pytestmark = pytest.mark.django_db(transaction=True)


class Watched(StripeGateway):
    """The real adapter to the real sandbox, with a list of what was asked, and a hook before an answer is heard."""

    calls: list[str] = []
    before_answer: Callable[[], object] | None = None

    def _intent(self, method: str, path: str, *args: Any, **more: Any) -> GatewayPayment:
        assert not connection.in_atomic_block, "the gateway was called inside a transaction"
        step = path.split("/")[4] if path.count("/") == 4 else "open" if method == "POST" else "look"
        Watched.calls.append(step)
        answer = super()._intent(method, path, *args, **more)
        if Watched.before_answer and step == "confirm":
            Watched.before_answer()
        return answer


@pytest.fixture(autouse=True)
def calls(settings: Settings, provider: Provider) -> Iterator[list[str]]:
    settings.PAYMENT_GATEWAY = f"{__name__}.Watched"
    Watched.calls, Watched.before_answer = [], None
    yield Watched.calls
    Watched.before_answer = None


def told(order: Order) -> list[str]:
    return list(OrderHistory.objects.filter(order=order).values_list("type", flat=True))


def payment_told(order: Order) -> list[tuple[int, str]]:
    return list(PaymentHistory.objects.filter(payment__order=order).values_list("sequence", "type"))


def state(order: Order) -> str:
    return payment_of(order).state


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def commands() -> list[str]:
    return list(OutboxRow.objects.filter(road="sqs").order_by("id").values_list("type", flat=True))


def cancel(order: Order) -> Order:
    return lifecycle.cancel(order.id, by=Actor("customer", order.customer_id), reason="hungry")


def test_authorised_once_however_often_the_message_comes(calls: list[str], provider: Provider) -> None:
    order = factories.place_order()
    for _ in range(3):
        tasks.authorise(order=str(order.id))
    assert calls == ["open", "confirm"]
    assert told(order) == ["order.placed", "order.paid"]
    payment = payment_of(order)
    assert (payment.state, payment.version, payment.leased_until) == ("authorised", 1, None)
    book = provider.books()[payment.gateway_reference]
    assert (book["status"], book["received"]) == ("requires_capture", 0)
    assert book["metadata"] == {"payment": str(payment.pk), "order": str(order.pk)}
    event = OutboxRow.objects.get(destination="payments.transactions")
    assert (event.type, event.key, event.sequence) == ("payment.authorised", str(payment.pk), 1)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_of_another_bank", "unknown_card"),
    ],
)
def test_declined(card: str, code: str, calls: list[str]) -> None:
    order = factories.place_order(card=card)
    for _ in range(2):
        tasks.authorise(order=str(order.id))
    assert calls == ["open", "confirm"]
    assert told(order) == ["order.placed", "order.payment_failed"]
    assert payment_told(order) == [(1, "payment.declined")]
    assert (status(order), state(order), payment_of(order).decline_code) == ("payment_failed", "declined", code)


def test_a_gateway_that_is_down_changes_nothing_and_raises(settings: Settings) -> None:
    order = factories.place_order(card="tok_unavailable")
    with pytest.raises(GatewayUnavailable, match="503"):
        tasks.authorise(order=str(order.id))
    settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:9"
    with pytest.raises(GatewayUnavailable, match="ConnectError"):
        tasks.authorise(order=str(order.id))
    assert (status(order), state(order), told(order)) == ("placed", "pending", ["order.placed"])
    assert payment_of(order).leased_until is None, "the next may try at once"


def test_charged_and_no_answer_in_time(calls: list[str], provider: Provider) -> None:
    order = factories.place_order(card="tok_timeout")
    with pytest.raises(GatewayUnavailable, match="ReadTimeout"):
        tasks.authorise(order=str(order.id))
    assert state(order) == "pending"
    tasks.authorise(order=str(order.id))
    assert (state(order), calls) == ("authorised", ["open", "confirm", "confirm"])
    assert [book["status"] for book in provider.books().values()] == ["requires_capture"]


def test_two_deliveries_at_the_same_time_follow_one_another(calls: list[str]) -> None:
    order = factories.place_order()

    def the_other_delivery() -> None:
        with pytest.raises(LeaseHeld):
            tasks.authorise(order=str(order.id))

    Watched.before_answer = the_other_delivery
    tasks.authorise(order=str(order.id))
    assert calls == ["open", "confirm"]
    assert told(order) == ["order.placed", "order.paid"]


def test_a_dead_workers_lease_runs_out(calls: list[str], settings: Settings) -> None:
    order = factories.place_order()
    Payment.objects.filter(order=order).update(leased_until=Now() + timedelta(seconds=60), lease=uuid.uuid4())
    with pytest.raises(LeaseHeld):
        tasks.authorise(order=str(order.id))
    Payment.objects.filter(order=order).update(leased_until=Now() - timedelta(seconds=1))
    tasks.authorise(order=str(order.id))
    assert state(order) == "authorised"


def test_cancelled_while_the_gateway_thought(calls: list[str], provider: Provider) -> None:
    order = factories.place_order()
    Watched.before_answer = lambda: cancel(order)
    tasks.authorise(order=str(order.id))
    assert calls == ["open", "confirm", "cancel"]
    assert (status(order), state(order)) == ("cancelled", "voided")
    assert told(order) == ["order.placed", "order.cancelled"]
    assert [book["status"] for book in provider.books().values()] == ["canceled"]


def test_a_void_waits_for_the_answer_it_would_overtake(calls: list[str], provider: Provider) -> None:
    order = factories.place_order()

    def cancel_and_void() -> None:
        cancel(order)
        with pytest.raises(LeaseHeld):
            tasks.void(order=str(order.id))

    Watched.before_answer = cancel_and_void
    tasks.authorise(order=str(order.id))
    tasks.void(order=str(order.id))
    assert (status(order), state(order)) == ("cancelled", "voided")
    assert [book["status"] for book in provider.books().values()] == ["canceled"]


def test_a_worker_that_died_between_answer_and_record_of_a_cancelled_order(
    calls: list[str], provider: Provider
) -> None:
    order = factories.place_order()

    def die() -> None:
        cancel(order)
        raise KeyboardInterrupt

    Watched.before_answer = die
    with pytest.raises(KeyboardInterrupt):
        tasks.authorise(order=str(order.id))
    assert [book["status"] for book in provider.books().values()] == ["requires_capture"]
    # SQS hands both messages out; in either order, what the gateway holds is let go.
    tasks.authorise(order=str(order.id))
    tasks.void(order=str(order.id))
    assert [book["status"] for book in provider.books().values()] == ["canceled"]
    assert state(order) == "voided"


def test_a_worker_that_overslept_its_lease(calls: list[str], provider: Provider) -> None:
    order = factories.place_order()

    def overtaken() -> None:
        Watched.before_answer = None
        Payment.objects.filter(order=order).update(leased_until=Now() - timedelta(seconds=1))
        cancel(order)
        tasks.void(order=str(order.id))

    Watched.before_answer = overtaken
    tasks.authorise(order=str(order.id))
    assert state(order) == "voided"
    assert payment_told(order) == [(1, "payment.voided")]
    assert [book["status"] for book in provider.books().values()] == ["canceled"]


def test_cancelled_before_any_call(calls: list[str]) -> None:
    order = factories.place_order()
    cancel(order)
    tasks.authorise(order=str(order.id))
    tasks.void(order=str(order.id))
    tasks.authorise(order=str(order.id))
    assert (calls, state(order)) == ([], "voided")


def test_declined_after_the_order_was_cancelled() -> None:
    order = factories.place_order(card="tok_declined")
    Watched.before_answer = lambda: cancel(order)
    tasks.authorise(order=str(order.id))
    assert (status(order), state(order)) == ("cancelled", "declined")


def test_captured_once_on_delivery(calls: list[str], provider: Provider) -> None:
    order = factories.ready_order()
    tasks.capture(order=str(order.id))
    assert state(order) == "authorised", "nothing is taken before the door"
    delivered(order)
    assert commands()[-1] == "payments.capture"
    for _ in range(3):
        tasks.capture(order=str(order.id))
    assert calls == ["open", "confirm", "capture"]
    assert state(order) == "captured"
    # A stray void is no refund.
    tasks.void(order=str(order.id))
    assert state(order) == "captured" and len(calls) == 3
    assert [(book["captures"], book["received"]) for book in provider.books().values()] == [(1, 1190)]
    assert payment_told(order) == [(1, "payment.authorised"), (2, "payment.captured")]


def test_captured_and_no_answer_in_time(calls: list[str], provider: Provider) -> None:
    order = factories.place_order(card="tok_timeout")
    for task in (tasks.authorise, tasks.authorise):
        try:
            task(order=str(order.id))
        except GatewayUnavailable:
            continue
    lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
    lifecycle.mark_ready(order.id, by=Actor("restaurant"))
    delivered(order)
    with pytest.raises(GatewayUnavailable):
        tasks.capture(order=str(order.id))
    tasks.capture(order=str(order.id))
    assert state(order) == "captured"
    assert [(book["captures"], book["received"]) for book in provider.books().values()] == [(1, 1190)]


@pytest.mark.parametrize(
    "end",
    [
        lambda order: lifecycle.reject(order.id, by=SYSTEM, reason="no answer"),
        lambda order: lifecycle.cancel(order.id, by=Actor("operator", 1), reason="asked"),
    ],
)
def test_let_go_once_when_it_ends_early(end: Callable[[Order], object], calls: list[str], provider: Provider) -> None:
    order = factories.paid_order()
    tasks.void(order=str(order.id))
    assert state(order) == "authorised", "its order lives on"
    end(order)
    assert "payments.void" in commands()
    for _ in range(3):
        tasks.void(order=str(order.id))
    assert calls == ["open", "confirm", "cancel"]
    assert state(order) == "voided"
    # Neither a late authorise nor a stray capture takes money again.
    tasks.authorise(order=str(order.id))
    tasks.capture(order=str(order.id))
    assert (calls, state(order)) == (["open", "confirm", "cancel"], "voided")
    assert payment_told(order) == [(1, "payment.authorised"), (2, "payment.voided")]


def test_confirmed_at_the_bank(settings: Settings, provider: Provider) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    payment = payment_of(order)
    assert (payment.state, status(order)) == ("action", "placed")
    tasks.authorise(order=str(order.id))
    assert state(order) == "action", "the bank has not heard from its customer yet"
    answer = provider.answer(payment.action_url, "yes")
    assert answer.headers["location"] == settings.PUBLIC_URL + reverse("orders:order", args=[order.pk])
    tasks.refresh(order=str(order.id))
    assert (state(order), status(order)) == ("authorised", "paid")
    assert payment_told(order) == [(1, "payment.action_required"), (2, "payment.authorised")]


def test_declined_at_the_bank(provider: Provider) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    provider.answer(payment_of(order).action_url, "no")
    tasks.refresh(order=str(order.id))
    assert (state(order), payment_of(order).decline_code) == ("declined", "authentication_required")
    assert status(order) == "payment_failed"


def test_never_confirmed_at_the_bank(provider: Provider) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    Payment.objects.filter(order=order).update(action_since=Now() - timedelta(hours=1), updated_at=Now() - timedelta(1))
    OrderHistory.objects.update(recorded_at=Now() - timedelta(hours=1))
    assert reminders.remind_payments() == 1
    assert commands()[-1] == "payments.refresh"
    tasks.refresh(order=str(order.id))
    assert (state(order), status(order)) == ("declined", "payment_failed")
    assert payment_of(order).decline_code == "authentication_expired"
    assert [book["status"] for book in provider.books().values()] == ["canceled"]


def test_cancelled_while_the_bank_waits(provider: Provider) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    cancel(order)
    tasks.void(order=str(order.id))
    assert (state(order), payment_of(order).action_url) == ("voided", "")
    provider.answer("/challenge/" + payment_of(order).gateway_reference, "yes")
    assert [book["status"] for book in provider.books().values()] == ["canceled"]


def test_an_order_of_before_is_held_anew_and_captured(provider: Provider) -> None:
    """What migration `ledger_of_earlier_orders` leaves of a hold at the gateway of before."""
    order = factories.place_order()
    Payment.objects.filter(order=order).update(state="authorised")
    lifecycle.pay(order.id, payment_id=order.payment.pk, amount=order.total)
    lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
    lifecycle.mark_ready(order.id, by=Actor("restaurant"))
    delivered(order)
    tasks.capture(order=str(order.id))
    assert state(order) == "captured"
    assert [(book["captures"], book["received"]) for book in provider.books().values()] == [(1, 1190)]


def test_money_let_go_at_the_gateways_own_desk_opens_an_incident(provider: Provider) -> None:
    order = factories.ready_order()
    provider.post(f"/v1/payment_intents/{payment_of(order).gateway_reference}/cancel")
    delivered(order)
    tasks.capture(order=str(order.id))
    assert state(order) == "voided"
    assert Incident.objects.get().kind == "payment_mismatch"


def test_taken_after_all_is_given_back_when_the_order_ended(provider: Provider) -> None:
    order = captured_order()
    # No way leads there; should one be found, the customer's money must not stay.
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    for _ in range(2):
        tasks.void(order=str(order.id))
    refund = payment_of(order).refunds.get()
    assert (refund.amount, refund.reason, refund.state) == (1190, "not_delivered", "approved")


@pytest.mark.parametrize("task", [tasks.authorise, tasks.capture, tasks.void, tasks.refresh])
def test_an_unknown_order_fails_loudly(task: Callable[..., None]) -> None:
    with pytest.raises(Payment.DoesNotExist):
        task(order="00000000-0000-0000-0000-000000000000")


def test_an_order_that_costs_nothing_needs_no_gateway(calls: list[str]) -> None:
    order = factories.place_order()
    Order.objects.filter(pk=order.pk).update(subtotal=0, delivery_fee=0, total=0)
    Payment.objects.filter(order=order).update(amount=0)
    tasks.authorise(order=str(order.id))
    lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
    lifecycle.mark_ready(order.id, by=Actor("restaurant"))
    delivered(order)
    tasks.capture(order=str(order.id))
    assert (state(order), calls, Posting.objects.count()) == ("captured", [], 0)


def test_asked_again_from_another_address(settings: Settings, provider: Provider) -> None:
    """The way back is part of what an idempotency key stands for: a site that moved must not be locked out."""
    order = factories.place_order(card="tok_timeout")
    with pytest.raises(GatewayUnavailable):
        tasks.authorise(order=str(order.id))
    settings.PUBLIC_URL = "https://moved.test"
    tasks.authorise(order=str(order.id))
    assert state(order) == "authorised"
    assert [book["status"] for book in provider.books().values()] == ["requires_capture"]
