"""What of an event matters to fraud: ids, pseudonymous tokens, amounts and times. Everything else is left out."""

from __future__ import annotations

from datetime import datetime

import msgspec

from messaging.envelope import Event
from orders.events import FraudVerdict, OrderDelivered, OrderPlaced
from orders.payments.events import PaymentAuthorised, PaymentDeclined, RefundRequested

PLACED, AUTHORISED, DECLINED = "placed", "authorised", "declined"
DELIVERED, REFUND, VERDICT = "delivered", "refund", "verdict"
FRAUD, GENUINE = "fraud", "genuine"


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`at` in whole city seconds since 1970; `amount` (of this fact) and `total` (of its order) in minor units.

    `distance` is from the counter to the door in metres, -1 where nobody said. Empty tokens are not known.
    """

    kind: str
    at: int
    order: str
    account: int
    card: str = ""
    device: str = ""
    door: str = ""
    courier: int = 0
    amount: int = 0
    total: int = 0
    distance: int = -1
    reason: str = ""
    rules: tuple[str, ...] = ()
    #: Kinds of profiles that a verdict says something about.
    about: tuple[str, ...] = ()


def notice(event: Event, *, at: datetime) -> Fact | None:
    """The fact in an event, or None for one that says nothing about fraud."""
    moment = int(at.timestamp())
    match event:
        case OrderPlaced():
            return Fact(
                kind=PLACED,
                at=moment,
                order=event.order_id,
                account=event.customer_id,
                card=event.card_token,
                device=event.device_token,
                door=event.door_token,
                amount=event.total,
                total=event.total,
                distance=-1 if event.distance is None else event.distance,
            )
        case OrderDelivered():
            return Fact(
                kind=DELIVERED,
                at=moment,
                order=event.order_id,
                account=event.customer_id,
                courier=event.courier_id or 0,
            )
        case FraudVerdict():
            return Fact(
                kind=VERDICT,
                at=moment,
                order=event.order_id,
                account=event.customer_id,
                card=event.card_token,
                device=event.device_token,
                door=event.door_token,
                reason=event.verdict,
                courier=event.courier_id or 0,
                rules=tuple(event.rules),
                about=tuple(event.about),
            )
        case PaymentAuthorised() | PaymentDeclined() | RefundRequested():
            kind, amount, reason = AUTHORISED, event.amount, ""
            if isinstance(event, PaymentDeclined):
                kind, reason = DECLINED, event.code
            elif isinstance(event, RefundRequested):
                kind, amount, reason = REFUND, event.refund_amount, event.reason
            return Fact(
                kind=kind,
                at=moment,
                order=event.order_id,
                account=event.customer_id,
                card=event.card_token,
                device=event.device_token,
                door=event.door_token,
                courier=event.courier_id or 0,
                amount=amount,
                total=event.amount,
                reason=reason,
            )
    return None
