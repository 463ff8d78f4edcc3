"""Writing down what the gateway says of a payment: once, in one transaction with what it means for the order."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from messaging.models.incident import open_incident
from orders import lifecycle
from orders.models import Order, Payment, Status

from . import ledger, machine
from .gateway import GatewayPayment, Standing
from .machine import OPEN, State

logger = logging.getLogger(__name__)

#: The incident of a payment that stands otherwise at the gateway than here, in a way no rule mends.
MISMATCH = "payment_mismatch"

#: Ended without money.
UNPAID = (State.VOIDED, State.DECLINED)


@transaction.atomic
def record_answer(payment: Payment, answer: GatewayPayment) -> bool:
    """Bring the payment to where the gateway says it stands; False when the gateway holds what nobody wants any more.

    Answers may come late, twice and in any order: one that says nothing new changes nothing.
    """
    order = lifecycle.lock_order(payment.order_id)
    locked = machine.lock_payment(payment.pk)
    match answer.standing:
        case Standing.ACTION:
            return _asked(locked, order, answer)
        case Standing.HELD:
            return _held(locked, order)
        case Standing.DECLINED:
            _declined(locked, order, answer.decline_code)
        case Standing.TAKEN:
            _taken(locked, order, answer)
        case Standing.CANCELLED:
            _cancelled(locked, order, answer)
    return True


def _asked(payment: Payment, order: Order, answer: GatewayPayment) -> bool:
    if payment.state == State.PENDING and order.status == Status.PLACED:
        payment.action_url, payment.action_since = answer.action_url, Now()
        machine.move(payment, machine.ASK, order=order)
    return payment.state == State.ACTION and order.status == Status.PLACED


def _held(payment: Payment, order: Order) -> bool:
    if payment.state in OPEN and order.status == Status.PLACED:
        payment.action_url = ""
        machine.move(payment, machine.HOLD, order=order)
        lifecycle.pay(order.id, payment_id=payment.pk, amount=payment.amount)
    return payment.state not in OPEN and payment.state not in UNPAID


def _declined(payment: Payment, order: Order, code: str) -> None:
    if payment.state in OPEN:
        payment.decline_code, payment.action_url = code, ""
        machine.move(payment, machine.DECLINE, order=order, code=code)
        if order.status == Status.PLACED:
            lifecycle.fail_payment(order.id, code=code)


def _taken(payment: Payment, order: Order, answer: GatewayPayment) -> None:
    if payment.state in machine.TAKE.allowed:
        payment.captured = answer.taken
        machine.move(payment, machine.TAKE, order=order)
        ledger.post_capture(payment, order)
    elif payment.state in OPEN or payment.state in UNPAID:
        _mismatch(payment, order, f"the gateway has taken {answer.taken}, while the payment is {payment.state}")


def _cancelled(payment: Payment, order: Order, answer: GatewayPayment) -> None:
    if order.status == Status.PLACED:
        _declined(payment, order, answer.decline_code or "cancelled_at_gateway")
    elif payment.state in machine.LET_GO.allowed:
        if not order.is_final or order.status == Status.DELIVERED:
            _mismatch(payment, order, f"the gateway let go of the money of an order that is {order.status}")
        payment.action_url = ""
        machine.move(payment, machine.LET_GO, order=order)


def _mismatch(payment: Payment, order: Order, what: str) -> None:
    logger.error("payment %s of order %s: %s", payment.pk, order.number, what)
    open_incident(MISMATCH, str(order.pk), f"Order {order.number}: {what}.")
