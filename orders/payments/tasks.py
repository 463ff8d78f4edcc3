"""Commands of the payments queue: call the gateway, then record what it said.

The call is made outside any transaction, under the payment's id as idempotency key, so a worker that dies between
call and record is followed by one that calls again and hears the same. The record is a conditional update of the
payment's state that must change one row: a repeated or overtaken delivery changes none, and does nothing.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from messaging.tasks import command
from orders import lifecycle
from orders.models import Payment, Status

from .gateway import Authorisation, GatewayUnavailable, the_gateway

logger = logging.getLogger(__name__)

State = Payment.State


@command("payments.authorise", throws=(GatewayUnavailable,))
def authorise(*, order: str) -> None:
    """Hold the order's total, then make it paid or failed.

    Raises:
        Payment.DoesNotExist: no such order.
        GatewayUnavailable: try again later.
    """
    payment = Payment.objects.select_related("order").get(order_id=order)
    key = str(payment.id)
    if payment.state == State.PENDING:
        answer = the_gateway().authorise(
            key=key, amount=payment.amount, currency=payment.order.currency, card=payment.card
        )
        payment.state = record_answer(payment, answer)
    if payment.state == State.VOIDED:
        # The order ended before the answer was recorded, maybe by a worker that died in between: whatever the
        # gateway holds under this key must go. Where it holds nothing, this changes nothing.
        the_gateway().void(key=key)


@transaction.atomic
def record_answer(payment: Payment, answer: Authorisation) -> State:
    """Write the gateway's answer down, once; the payment's state after it, which another may have decided."""
    order = lifecycle.lock_order(payment.order_id)
    pending = Payment.objects.filter(pk=payment.pk, state=State.PENDING)
    if not answer.approved:
        declined = pending.update(updated_at=Now(), state=State.DECLINED, decline_code=answer.decline_code)
        if declined and order.status == Status.PLACED:
            lifecycle.fail_payment(order.id, code=answer.decline_code)
    elif order.status == Status.PLACED:
        if pending.update(updated_at=Now(), state=State.AUTHORISED, gateway_reference=answer.reference):
            lifecycle.pay(order.id, payment_id=payment.id, amount=payment.amount)
    else:
        pending.update(updated_at=Now(), state=State.VOIDED, gateway_reference=answer.reference)
    return State(Payment.objects.values_list("state", flat=True).get(pk=payment.pk))


@command("payments.capture", throws=(GatewayUnavailable,))
def capture(*, order: str) -> None:
    """Take the money of a delivered order.

    Raises:
        Payment.DoesNotExist: no such order.
        GatewayUnavailable: try again later.
    """
    payment = Payment.objects.get(order_id=order)
    if payment.state != State.AUTHORISED:
        if payment.state != State.CAPTURED:
            logger.warning("payment %s of order %s is %s: nothing to capture", payment.id, order, payment.state)
        return
    the_gateway().capture(key=str(payment.id))
    Payment.objects.filter(pk=payment.pk, state=State.AUTHORISED).update(updated_at=Now(), state=State.CAPTURED)


@command("payments.void", throws=(GatewayUnavailable,))
def void(*, order: str) -> None:
    """Let go of the money of an order that ended without delivery.

    Raises:
        Payment.DoesNotExist: no such order.
        GatewayUnavailable: try again later.
    """
    payment = Payment.objects.get(order_id=order)
    # Still pending: no later answer of the gateway may be recorded as a hold; `authorise` lets go of it.
    if Payment.objects.filter(pk=payment.pk, state=State.PENDING).update(updated_at=Now(), state=State.VOIDED):
        return
    payment.refresh_from_db()
    if payment.state == State.AUTHORISED:
        the_gateway().void(key=str(payment.id))
        Payment.objects.filter(pk=payment.pk, state=State.AUTHORISED).update(updated_at=Now(), state=State.VOIDED)
    elif payment.state == State.CAPTURED:
        logger.warning("payment %s of order %s is captured: it needs a refund, not a void", payment.id, order)
