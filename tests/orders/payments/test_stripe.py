"""The adapter against Stripe's own shapes.

`stripe_shapes.json` was written by hand from the documentation of API version 2024-06-20 (PaymentIntents with manual
capture, refunds, errors), cut to some of its fields; none of it was recorded from a live account.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from orders.payments.gateway import GatewayPayment, GatewayRefused, GatewayUnavailable, Standing
from orders.payments.stripe import VERSION, StripeGateway

SHAPES: dict[str, Any] = json.loads((Path(__file__).parent / "stripe_shapes.json").read_text())
PI = "pi_3MtwBwLkdIwHu7ix28a3tqPa"


class Recorded(httpx.BaseTransport):
    """Answers with a shape, and keeps what was asked."""

    def __init__(self, name: str = "", *, status: int = 200, body: bytes | None = None) -> None:
        shape = SHAPES.get(name, {})
        self.status = shape.get("status", status)
        self.body = json.dumps(shape.get("body")).encode() if body is None else body
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        return httpx.Response(self.status, content=self.body)


def gateway(transport: httpx.BaseTransport) -> StripeGateway:
    return StripeGateway("https://api.stripe.com", "sk_test_x", timeout=5, transport=transport)


def form_of(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def test_opening_asks_for_manual_capture_under_a_key() -> None:
    recorded = Recorded("created")
    opened = gateway(recorded).open(key="k/open", amount=2000, currency="EUR", payment="p", order="o")
    assert opened == GatewayPayment(PI, Standing.NEW)
    [request] = recorded.asked
    assert (request.method, str(request.url)) == ("POST", "https://api.stripe.com/v1/payment_intents")
    assert form_of(request) == {
        "amount": "2000",
        "currency": "eur",
        "capture_method": "manual",
        "payment_method_types[]": "card",
        "metadata[payment]": "p",
        "metadata[order]": "o",
    }
    assert request.headers["idempotency-key"] == "k/open"
    assert request.headers["authorization"] == "Bearer sk_test_x"
    assert request.headers["stripe-version"] == VERSION


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("requires_capture", GatewayPayment(PI, Standing.HELD)),
        (
            "requires_action",
            GatewayPayment(
                PI, Standing.ACTION, action_url="https://hooks.stripe.com/redirect/authenticate/src_1?client_secret=x"
            ),
        ),
        ("generic_decline", GatewayPayment(PI, Standing.DECLINED, decline_code="card_declined")),
        ("insufficient_funds", GatewayPayment(PI, Standing.DECLINED, decline_code="insufficient_funds")),
        (
            "authentication_failed",
            GatewayPayment(PI, Standing.DECLINED, decline_code="payment_intent_authentication_failure"),
        ),
        ("no_such_payment_method", GatewayPayment(PI, Standing.DECLINED, decline_code="unknown_card")),
    ],
)
def test_confirming(shape: str, expected: GatewayPayment) -> None:
    recorded = Recorded(shape)
    answer = gateway(recorded).authorise(PI, key="k", card="pm_card_visa", return_url="https://shop.test/orders/1/")
    assert answer == expected
    assert recorded.asked[0].url.path == f"/v1/payment_intents/{PI}/confirm"
    assert form_of(recorded.asked[0]) == {"payment_method": "pm_card_visa", "return_url": "https://shop.test/orders/1/"}


def test_capturing_cancelling_and_looking() -> None:
    taken = GatewayPayment(PI, Standing.TAKEN, taken=2000)
    assert gateway(Recorded("succeeded")).capture(PI, key="k") == taken
    assert gateway(Recorded("succeeded")).look(PI) == taken
    assert gateway(Recorded("canceled")).cancel(PI, key="k") == GatewayPayment(PI, Standing.CANCELLED)


def test_what_was_done_before_is_answered_with_how_it_stands() -> None:
    assert gateway(Recorded("capture_of_succeeded")).capture(PI, key="k2") == GatewayPayment(
        PI, Standing.TAKEN, taken=2000
    )


def test_refunding() -> None:
    recorded = Recorded("refund")
    assert gateway(recorded).refund(PI, key="refund/1", amount=500) == "re_1Nispe2eZvKYlo2Cd31jOCgZ"
    assert form_of(recorded.asked[0]) == {"payment_intent": PI, "amount": "500"}
    with pytest.raises(GatewayRefused, match="has already been refunded") as refused:
        gateway(Recorded("already_refunded")).refund(PI, key="refund/2", amount=500)
    assert refused.value.code == "charge_already_refunded"
    with pytest.raises(GatewayRefused):
        gateway(Recorded("refund_failed")).refund(PI, key="refund/3", amount=500)


@pytest.mark.parametrize("shape", ["rate_limited", "server_error", "key_in_use", "processing"])
def test_not_now(shape: str) -> None:
    with pytest.raises(GatewayUnavailable):
        gateway(Recorded(shape)).capture(PI, key="k")


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b'"ok"'])
def test_an_answer_that_cannot_be_trusted_is_none(body: bytes) -> None:
    with pytest.raises(GatewayUnavailable):
        gateway(Recorded(body=body)).capture(PI, key="k")


@pytest.mark.parametrize(
    ("shape", "code"), [("key_reused", "idempotency_error"), ("bad_key", "401"), ("no_such_intent", "resource_missing")]
)
def test_refused_for_good(shape: str, code: str) -> None:
    with pytest.raises(GatewayRefused) as refused:
        gateway(Recorded(shape)).capture(PI, key="k")
    assert refused.value.code in (code, "invalid_request_error")
