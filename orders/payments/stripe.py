"""Stripe's PaymentIntents with manual capture, over plain HTTP. The sandbox speaks the same: this page serves both."""

from __future__ import annotations

from typing import Any

import httpx

from .gateway import GatewayPayment, GatewayRefused, GatewayUnavailable, Standing

#: Shapes and behaviour below are those of this version of the API.
VERSION = "2024-06-20"

STANDINGS = {
    "requires_confirmation": Standing.NEW,
    "requires_action": Standing.ACTION,
    "requires_capture": Standing.HELD,
    "succeeded": Standing.TAKEN,
    "canceled": Standing.CANCELLED,
}
#: Codes of 4xx answers that mean "not now": another request under the same key, or on the same object, is under way.
BUSY = frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"})


class StripeGateway:
    """`timeout` in wall seconds for a whole call: what takes longer may still have happened, and is asked again."""

    def __init__(self, url: str, key: str, *, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
        # Reading every authority's certificate takes a while, and without TLS is for nothing.
        verify = url.startswith("https:")
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport, verify=verify)

    def open(self, *, key: str, amount: int, currency: str, payment: str, order: str) -> GatewayPayment:
        form = {
            "amount": str(amount),
            "currency": currency.lower(),
            "capture_method": "manual",
            "payment_method_types[]": "card",
            "metadata[payment]": payment,
            "metadata[order]": order,
        }
        return self._intent("POST", "/v1/payment_intents", form, key=key)

    def authorise(self, reference: str, *, key: str, card: str, return_url: str) -> GatewayPayment:
        form = {"payment_method": card, "return_url": return_url}
        return self._intent("POST", f"/v1/payment_intents/{reference}/confirm", form, key=key, reference=reference)

    def capture(self, reference: str, *, key: str) -> GatewayPayment:
        return self._intent("POST", f"/v1/payment_intents/{reference}/capture", {}, key=key)

    def cancel(self, reference: str, *, key: str) -> GatewayPayment:
        return self._intent("POST", f"/v1/payment_intents/{reference}/cancel", {}, key=key)

    def refund(self, reference: str, *, key: str, amount: int) -> str:
        form = {"payment_intent": reference, "amount": str(amount)}
        status, body = self._call("POST", "/v1/refunds", form, key=key)
        if status != 200 or body.get("status") in ("failed", "canceled"):
            error = _error(body)
            raise GatewayRefused(str(error.get("code") or body.get("status")), str(error.get("message", "")))
        return str(body["id"])

    def look(self, reference: str) -> GatewayPayment:
        return self._intent("GET", f"/v1/payment_intents/{reference}", None)

    def _intent(
        self, method: str, path: str, form: dict[str, str] | None, *, key: str = "", reference: str = ""
    ) -> GatewayPayment:
        status, body = self._call(method, path, form, key=key)
        if status == 200:
            return read_intent(body)
        error = _error(body)
        code = str(error.get("code") or error.get("type") or status)
        intent = error.get("payment_intent")
        if isinstance(intent, dict) and (status == 402 or code == "payment_intent_unexpected_state"):
            # A decline, or a payment that is past this: its present standing is the answer.
            return read_intent(intent)
        if code == "resource_missing" and error.get("param") == "payment_method":
            return GatewayPayment(reference, Standing.DECLINED, decline_code="unknown_card")
        raise GatewayRefused(code, str(error.get("message", "")))

    def _call(
        self, method: str, path: str, form: dict[str, str] | None, *, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self.http.request(method, path, data=form, headers=headers)
            body = answer.json()
        except (httpx.TransportError, ValueError) as error:
            raise GatewayUnavailable(f"{method} {path}: {type(error).__name__} {error}") from error
        if not isinstance(body, dict) or answer.status_code >= 500 or answer.status_code == 429:
            raise GatewayUnavailable(f"{method} {path}: answered with {answer.status_code}")
        if _error(body).get("code") in BUSY:
            raise GatewayUnavailable(f"{method} {path}: {_error(body)['code']}")
        return answer.status_code, body


def read_intent(intent: dict[str, Any]) -> GatewayPayment:
    """A PaymentIntent object as this project sees it.

    Raises:
        GatewayUnavailable: it is being processed, so it stands nowhere yet.
    """
    failure = intent.get("last_payment_error") or {}
    status = intent["status"]
    if status == "processing":
        raise GatewayUnavailable(f"{intent['id']} is being processed")
    standing = STANDINGS.get(status, Standing.DECLINED if failure else Standing.NEW)
    action = (intent.get("next_action") or {}).get("redirect_to_url") or {}
    return GatewayPayment(
        reference=str(intent["id"]),
        standing=standing,
        taken=int(intent.get("amount_received") or 0),
        decline_code=_decline_code(failure) if standing is Standing.DECLINED else "",
        action_url=str(action.get("url") or ""),
    )


def _decline_code(failure: dict[str, Any]) -> str:
    code = str(failure.get("decline_code") or failure.get("code") or "declined")
    return "card_declined" if code == "generic_decline" else code


def _error(body: dict[str, Any]) -> dict[str, Any]:
    error = body.get("error")
    return error if isinstance(error, dict) else {}
