"""Facts of a payment, on `payments.transactions`: key = payment id, sequence = 1..n without a gap, kept for ever."""

from __future__ import annotations

from messaging.envelope import Event, event_type

TOPIC = "payments.transactions"


class PaymentEvent(Event, frozen=True, kw_only=True):
    """What every fact of a payment carries. Amounts in minor units: the payment's own, taken, given back so far.

    The tokens are keyed hashes that only tell one from another; the courier is the order's, if any.
    """

    payment_id: str
    order_id: str
    customer_id: int
    restaurant_id: int
    state: str
    amount: int
    captured: int
    refunded: int
    currency: str
    card_token: str = ""
    device_token: str = ""
    door_token: str = ""
    courier_id: int | None = None


@event_type("payment.action_required", topic=TOPIC)
class PaymentActionRequired(PaymentEvent, frozen=True, kw_only=True):
    """The customer's bank wants to hear from them (3-D Secure) before it holds the money."""


@event_type("payment.authorised", topic=TOPIC)
class PaymentAuthorised(PaymentEvent, frozen=True, kw_only=True):
    """The money is held, and not taken yet."""


@event_type("payment.declined", topic=TOPIC)
class PaymentDeclined(PaymentEvent, frozen=True, kw_only=True):
    """Nothing is held: `code` says why, in the gateway's words."""

    code: str


@event_type("payment.captured", topic=TOPIC)
class PaymentCaptured(PaymentEvent, frozen=True, kw_only=True):
    """The money was taken; the receipt stands."""


@event_type("payment.voided", topic=TOPIC)
class PaymentVoided(PaymentEvent, frozen=True, kw_only=True):
    """What was held was let go: the order ended without delivery."""


@event_type("payment.refund_requested", topic=TOPIC)
class RefundRequested(PaymentEvent, frozen=True, kw_only=True):
    """Money was asked back; an operator, or the rule for small amounts, decides."""

    refund_id: str
    refund_amount: int
    reason: str


@event_type("payment.refund_refused", topic=TOPIC)
class RefundRefused(PaymentEvent, frozen=True, kw_only=True):
    """An operator said no: `why` in words for the customer; `reason` is what was complained of."""

    refund_id: str
    refund_amount: int
    reason: str
    why: str = ""


@event_type("payment.refunded", topic=TOPIC)
class PaymentRefunded(PaymentEvent, frozen=True, kw_only=True):
    """The gateway gave money back: `refund_amount` of it, `refunded` in all."""

    refund_id: str
    refund_amount: int
    reason: str


@event_type("payment.refund_failed", topic=TOPIC)
class RefundFailed(PaymentEvent, frozen=True, kw_only=True):
    """The gateway would not give it back: `code` says why; a person has to look."""

    refund_id: str
    refund_amount: int
    reason: str
    code: str
