"""A payment's life: one table of allowed moves, and the one place that writes them down.

Beside the order's life, not inside it: an order is delivered whether or not its capture has gone through. The order's
row is locked before the payment's, always, so that what a move means for the order is decided under both locks.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from messaging.outbox import publish
from orders.city import city_now
from orders.models import Order, Payment, PaymentHistory
from orders.tokens import card_token

from . import events

State = Payment.State


class IllegalPayment(Exception):
    """The payment's present state does not allow this move."""

    def __init__(self, payment: Payment, target: str) -> None:
        self.state = payment.state
        self.target = target
        super().__init__(f"payment {payment.pk} is {payment.state}: it cannot become {target}")


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table: from which states, to which, told by which event."""

    target: State
    event: type[events.PaymentEvent]
    allowed: frozenset[str]


def _from(*states: State) -> frozenset[str]:
    return frozenset(state.value for state in states)


#: Nothing is decided yet: what the gateway says next counts.
OPEN = _from(State.PENDING, State.ACTION)
#: Money was taken and some of it is still here.
PAID = _from(State.CAPTURED, State.PARTLY_REFUNDED)

ASK = Move(State.ACTION, events.PaymentActionRequired, _from(State.PENDING))
HOLD = Move(State.AUTHORISED, events.PaymentAuthorised, OPEN)
DECLINE = Move(State.DECLINED, events.PaymentDeclined, OPEN)
LET_GO = Move(State.VOIDED, events.PaymentVoided, OPEN | _from(State.AUTHORISED))
TAKE = Move(State.CAPTURED, events.PaymentCaptured, _from(State.AUTHORISED))
REFUND_SOME = Move(State.PARTLY_REFUNDED, events.PaymentRefunded, PAID)
REFUND_ALL = Move(State.REFUNDED, events.PaymentRefunded, PAID)

#: The whole life of a payment after its order is placed. Nothing else changes a payment's state.
TRANSITIONS: tuple[Move, ...] = (ASK, HOLD, DECLINE, LET_GO, TAKE, REFUND_SOME, REFUND_ALL)


def lock_payment(payment_id: uuid.UUID | str) -> Payment:
    """The payment under its row lock; lock its order first.

    Raises:
        Payment.DoesNotExist: no such payment.
    """
    return Payment.objects.select_for_update().get(pk=payment_id)


def move(payment: Payment, row: Move, *, order: Order, at: datetime | None = None, **data: Any) -> None:
    """Make a move of a locked payment of a locked order; set what else changes on it first.

    Raises:
        IllegalPayment: not from its present state.
    """
    if payment.state not in row.allowed:
        raise IllegalPayment(payment, row.target)
    old = payment.state
    payment.state = row.target
    tell(payment, row.event, order=order, old=old, at=at, **data)


def tell(
    payment: Payment,
    event: type[events.PaymentEvent],
    *,
    order: Order,
    old: str = "",
    at: datetime | None = None,
    **data: Any,
) -> None:
    """Write one fact of a locked payment: next version, history row and outbox row. Saves the payment as it stands."""
    at = at or city_now()
    payment.version += 1
    payment.save()
    fact = event(
        payment_id=str(payment.pk),
        order_id=str(order.pk),
        customer_id=order.customer_id,
        restaurant_id=order.restaurant_id,
        state=payment.state,
        amount=payment.amount,
        captured=payment.captured,
        refunded=payment.refunded,
        currency=order.currency,
        card_token=card_token(payment.card, customer_id=order.customer_id),
        device_token=order.device_token,
        door_token=order.door_token,
        courier_id=order.courier_id,
        **data,
    )
    event_id = publish(fact, key=str(payment.pk), sequence=payment.version, at=at)
    PaymentHistory.objects.create(
        payment=payment,
        sequence=payment.version,
        event_id=event_id,
        type=event.type,
        old_state=old or payment.state,
        new_state=payment.state,
        payload=msgspec.to_builtins(fact),
        at=at,
    )
