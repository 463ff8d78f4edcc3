"""PaymentIntents with manual capture: create, confirm, challenge, capture, cancel, refund.

Every function works inside the caller's transaction and returns the object as Stripe shows it. News of a change is
written beside it by `webhooks.announce`.
"""

from __future__ import annotations

import json
from typing import Any

from . import webhooks
from .cards import BY_NUMBER, Card, find_card
from .errors import ApiError, invalid, missing, unexpected_state
from .store import Row, Store, dumps, new_id, now

Form = dict[str, str]
Shown = dict[str, Any]

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


class Intents:
    """What one account does with its payments. `public_url` is where a browser reaches the challenge's page."""

    def __init__(self, store: Store, *, public_url: str, news: webhooks.News) -> None:
        self.store = store
        self.public_url = public_url.rstrip("/")
        self.news = news

    def make_method(self, account: str, form: Form) -> Shown:
        """Name a card by a token, as the provider's own form in a browser does: the shop never sees the number."""
        number = form.get("card[number]", "").replace(" ", "")
        if number not in BY_NUMBER:
            raise ApiError(
                402, "card_error", "card_declined", "This is no test card.", decline_code="test_mode_live_card"
            )
        shown = {"object": "payment_method", "type": "card", "card": {"last4": number[-4:]}}
        return {"id": f"pm_{number}_{new_id('x')[2:10]}", **shown}

    def create(self, account: str, form: Form) -> Shown:
        amount = _positive(form, "amount")
        if form.get("capture_method") != "manual":
            raise invalid(
                "parameter_invalid", "The sandbox captures by hand only: capture_method=manual", param="capture_method"
            )
        intent = new_id("pi")
        metadata = {key[9:-1]: value for key, value in form.items() if key.startswith("metadata[")}
        self.store.insert(
            "intents",
            id=intent,
            account=account,
            amount=amount,
            currency=form.get("currency", "eur"),
            status="requires_payment_method",
            client_secret=new_id(f"{intent}_secret"),
            metadata=dumps(metadata),
            created=now(),
        )
        return self.retrieve(account, intent)

    def retrieve(self, account: str, intent: str) -> Shown:
        return self._shown(self._row(account, intent))

    def confirm(self, account: str, intent: str, form: Form) -> Shown:
        """Hold the money, or ask the card's owner first; a decline is an error that carries the intent."""
        row = self._row(account, intent)
        if row["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise unexpected_state(self._shown(row), "confirmed")
        method = form.get("payment_method", "")
        card = find_card(method)
        if card is None:
            raise missing("PaymentMethod", method, param="payment_method")
        if card.unavailable:
            raise ApiError(503, "api_error", "bank_unavailable", "The card's bank does not answer.", keep=False)
        self.store.update("intents", intent, payment_method=method, return_url=form.get("return_url", ""))
        if card.decline:
            raise self._declined(account, intent, card.decline)
        if card.challenge:
            return self._change(account, intent, "payment_intent.requires_action", status="requires_action")
        return self._held(account, intent)

    def answer_challenge(self, intent: str, secret: str, *, passed: bool) -> Row:
        """The card's owner said yes or no at the bank; a second answer changes nothing."""
        row = self.store.row("SELECT * FROM intents WHERE id = ? AND client_secret = ?", intent, secret)
        if row is None:
            raise missing("challenge", intent, param="intent")
        if row["status"] == "requires_action":
            if passed:
                self._held(row["account"], intent)
            else:
                self._declined(row["account"], intent, "authentication_required")
        return row

    def capture(self, account: str, intent: str, form: Form) -> Shown:
        row = self._row(account, intent)
        if row["status"] != "requires_capture":
            raise unexpected_state(self._shown(row), "captured")
        amount = _positive(form, "amount_to_capture") if "amount_to_capture" in form else row["amount"]
        if amount > row["amount"]:
            raise invalid("amount_too_large", "More than was held.", param="amount_to_capture")
        return self._change(
            account,
            intent,
            "payment_intent.succeeded",
            status="succeeded",
            received=amount,
            captures=row["captures"] + 1,
        )

    def cancel(self, account: str, intent: str, form: Form) -> Shown:
        row = self._row(account, intent)
        if row["status"] not in OPEN:
            raise unexpected_state(self._shown(row), "canceled")
        return self._change(account, intent, "payment_intent.canceled", status="canceled")

    def refund(self, account: str, form: Form) -> Shown:
        row = self._row(account, form.get("payment_intent", ""))
        left = row["received"] - row["refunded"]
        amount = _positive(form, "amount") if "amount" in form else left
        if row["status"] != "succeeded":
            raise unexpected_state(self._shown(row), "refunded")
        if left == 0:
            raise invalid("charge_already_refunded", f"Charge {row['charge']} has already been refunded.")
        if amount > left:
            raise invalid(
                "amount_too_large", f"Refund amount ({amount}) is greater than what is left ({left}).", param="amount"
            )
        refund = new_id("re")
        metadata = {key[9:-1]: value for key, value in form.items() if key.startswith("metadata[")}
        self.store.insert(
            "refunds",
            id=refund,
            account=account,
            intent=row["id"],
            amount=amount,
            reason=form.get("reason", ""),
            metadata=dumps(metadata),
            created=now(),
        )
        self._change(account, row["id"], "charge.refunded", refunded=row["refunded"] + amount)
        return {
            "id": refund,
            "object": "refund",
            "amount": amount,
            "currency": row["currency"],
            "charge": row["charge"],
            "payment_intent": row["id"],
            "reason": form.get("reason") or None,
            "metadata": metadata,
            "status": "succeeded",
        }

    def card_of(self, intent: str) -> Card | None:
        row = self.store.row("SELECT payment_method FROM intents WHERE id = ?", intent)
        return find_card(row["payment_method"]) if row else None

    def _held(self, account: str, intent: str) -> Shown:
        kind = "payment_intent.amount_capturable_updated"
        return self._change(account, intent, kind, status="requires_capture", charge=new_id("ch"), last_error="")

    def _declined(self, account: str, intent: str, code: str) -> ApiError:
        error = {
            "type": "card_error",
            "code": code if code in ("expired_card", "authentication_required") else "card_declined",
            "decline_code": code,
            "message": "Your card was declined.",
        }
        shown = self._change(
            account,
            intent,
            "payment_intent.payment_failed",
            status="requires_payment_method",
            last_error=dumps(error),
        )
        kind, code, message = error["type"], error["code"], error["message"]
        return ApiError(402, kind, code, message, decline_code=error["decline_code"], payment_intent=shown)

    def _change(self, account: str, intent: str, event: str, **values: Any) -> Shown:
        self.store.update("intents", intent, **values)
        shown = self.retrieve(account, intent)
        card = self.card_of(intent)
        self.news.announce(account, event, shown, faults=card.webhooks if card else ())
        return shown

    def _row(self, account: str, intent: str) -> Row:
        row = self.store.row("SELECT * FROM intents WHERE id = ? AND account = ?", intent, account)
        if row is None:
            raise missing("payment_intent", intent, param="intent")
        return row

    def _shown(self, row: Row) -> Shown:
        challenge = f"{self.public_url}/challenge/{row['id']}?secret={row['client_secret']}"
        action = {"type": "redirect_to_url", "redirect_to_url": {"url": challenge, "return_url": row["return_url"]}}
        return {
            "id": row["id"],
            "object": "payment_intent",
            "amount": row["amount"],
            "amount_capturable": row["amount"] if row["status"] == "requires_capture" else 0,
            "amount_received": row["received"],
            "amount_refunded": row["refunded"],
            "capture_method": "manual",
            "client_secret": row["client_secret"],
            "created": row["created"],
            "currency": row["currency"],
            "last_payment_error": json.loads(row["last_error"]) if row["last_error"] else None,
            "latest_charge": row["charge"] or None,
            "livemode": False,
            "metadata": json.loads(row["metadata"]),
            "next_action": action if row["status"] == "requires_action" else None,
            "payment_method": row["payment_method"] or None,
            "status": row["status"],
        }


def _positive(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not text.isdecimal() or not 1 <= len(text) <= 9 or int(text) == 0:
        raise invalid("parameter_invalid_integer", f"{name} is a positive integer in minor units.", param=name)
    return int(text)
