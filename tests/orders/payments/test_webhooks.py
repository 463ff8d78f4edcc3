"""Webhooks: signatures are checked over the bytes as they came, each event counts once, and none is believed alone."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from messaging.models import OutboxRow
from orders.models import GatewayEvent, Order
from orders.payments import reminders, tasks
from orders.payments.sandbox.webhooks import sign
from orders.payments.webhooks import WINDOW, WebhookRefused, read_event
from tests import factories
from tests.gateway import WEBHOOK_SECRET

from .conftest import Provider, payment_of

pytestmark = pytest.mark.django_db(transaction=True)

HELD = "payment_intent.amount_capturable_updated"


def an_event(reference: str, kind: str = HELD, event_id: str = "evt_1", **fields: Any) -> bytes:
    shown = {"id": reference, "object": "payment_intent", **fields}
    return json.dumps({"id": event_id, "object": "event", "type": kind, "data": {"object": shown}}).encode()


def send(body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0, signature: str | None = None) -> Any:
    signature = sign(body, secret, at=int(time.time()) - age) if signature is None else signature
    headers = {"Stripe-Signature": signature} if signature else {}
    return Client(enforce_csrf_checks=True).post("/payments/webhook", body, "application/json", headers=headers)


def asked_again() -> int:
    return OutboxRow.objects.filter(type="payments.refresh").count()


@pytest.fixture
def waiting(provider: Provider) -> Order:
    """An order whose hold the gateway has made, and whose worker died before it wrote that down."""
    order = factories.place_order()
    reference = provider.open(amount=order.total)
    provider.post(f"/v1/payment_intents/{reference}/confirm", payment_method="tok_ok")
    order.payment.gateway_reference = reference
    order.payment.save()
    return order


def test_news_sends_a_worker_to_ask(waiting: Order) -> None:
    answer = send(an_event(waiting.payment.gateway_reference))
    assert (answer.status_code, answer.json()) == (200, {"received": True, "new": True})
    command = OutboxRow.objects.get(type="payments.refresh")
    assert (command.key, json.loads(bytes(command.payload))) == (str(waiting.id), {"order": str(waiting.id)})
    assert payment_of(waiting).state == "pending", "the webhook alone changes nothing"
    tasks.refresh(order=str(waiting.id))
    assert payment_of(waiting).state == "authorised"


def test_the_same_event_counts_once(waiting: Order) -> None:
    body = an_event(waiting.payment.gateway_reference)
    answers = [send(body).json()["new"] for _ in range(3)]
    assert (answers, asked_again(), GatewayEvent.objects.count()) == ([True, False, False], 1, 1)


def test_the_same_event_at_the_same_moment_counts_once(waiting: Order) -> None:
    body = an_event(waiting.payment.gateway_reference)

    def send_one(_: int) -> bool:
        try:
            return bool(send(body).json()["new"])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send_one, range(8))) == [False] * 7 + [True]
    assert asked_again() == 1


def test_what_is_known_is_no_news(provider: Provider) -> None:
    order = factories.paid_order()
    send(an_event(payment_of(order).gateway_reference))
    send(an_event("pi_of_somebody_else", event_id="evt_2"))
    send(an_event(payment_of(order).gateway_reference, kind="charge.updated", event_id="evt_3"))
    assert (asked_again(), GatewayEvent.objects.filter(told_something=False).count()) == (0, 3)


def test_a_lie_with_a_good_signature_takes_no_money(waiting: Order) -> None:
    send(an_event(waiting.payment.gateway_reference, kind="payment_intent.succeeded", amount_received=10**9))
    tasks.refresh(order=str(waiting.id))
    payment = payment_of(waiting)
    assert (payment.state, payment.captured) == ("authorised", 0)


@pytest.mark.parametrize(
    "how",
    [
        {"signature": ""},
        {"signature": "nonsense"},
        {"signature": "t=1,t=2,v1=00"},
        {"signature": "t=99999999999999,v1=00"},
        {"signature": "t=²,v1=00"},
        {"signature": f"t={int(time.time())}"},
        {"signature": f"t={int(time.time())},v1=ü"},
        {"signature": f"t={int(time.time())},v0={'0' * 64}"},
        {"secret": "whsec_guessed"},
        {"age": WINDOW + 5},
        {"age": -WINDOW - 5},
    ],
)
def test_forged_or_stale(waiting: Order, how: dict[str, Any]) -> None:
    answer = send(an_event(waiting.payment.gateway_reference), **how)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (GatewayEvent.objects.count(), asked_again()) == (0, 0)


def test_a_changed_body(waiting: Order) -> None:
    body = an_event(waiting.payment.gateway_reference)
    signature = sign(body, WEBHOOK_SECRET, at=int(time.time()))
    # The same JSON, a space more: the signature is of bytes.
    assert send(body + b" ", signature=signature).status_code == 400
    assert send(body, signature=signature).status_code == 200


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b'{"id": 5, "type": "x", "data": {}}', b"\xff"])
def test_signed_nonsense_is_refused_too(body: bytes) -> None:
    assert send(body).status_code == 400


def test_a_secret_that_is_being_changed() -> None:
    body, now = an_event("pi_1"), int(time.time())
    old, new = (sign(body, secret, at=now) for secret in ("whsec_old", WEBHOOK_SECRET))
    both = f"{old},{new.split(',')[1]}"
    assert read_event(body, both, now=now).id == "evt_1"


def test_without_a_secret_none_is_believed(settings: Settings) -> None:
    settings.PAYMENT_WEBHOOK_SECRET = ""
    body = an_event("pi_1")
    with pytest.raises(WebhookRefused, match="PAYMENT_WEBHOOK_SECRET is not set"):
        read_event(body, sign(body, "", at=int(time.time())))


def test_only_posted() -> None:
    assert Client().get("/payments/webhook").status_code == 405


def test_ids_are_remembered_past_the_window_and_not_for_ever(waiting: Order) -> None:
    send(an_event(waiting.payment.gateway_reference))
    reminders.remind_payments()
    assert GatewayEvent.objects.count() == 1
    GatewayEvent.objects.update(received_at=Now() - timedelta(days=2))
    reminders.remind_payments()
    assert GatewayEvent.objects.count() == 0
