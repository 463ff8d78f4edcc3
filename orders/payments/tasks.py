"""Commands of the payments queue: call the gateway under the payment's lease, then record what it said.

The call is made outside any transaction, under a key made of the payment's id and the step, so a worker that dies
between call and record is followed by one that calls again and hears the same. What is recorded is decided under the
order's and the payment's locks (`answers`): a repeated or overtaken delivery changes nothing.
"""

from __future__ import annotations

import dataclasses
import logging
import zlib
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.db.models.functions import Now

from messaging.tasks import command
from orders.models import FINAL, Payment, Refund, Status

from . import machine, refunds
from .answers import record_answer
from .gateway import GatewayPayment, GatewayRefused, GatewayUnavailable, Standing, the_gateway
from .lease import LeaseHeld, leased

logger = logging.getLogger(__name__)

# Before the pool forks: a child's first command must not spend its time limit on importing an HTTP client.
import_module(settings.PAYMENT_GATEWAY.rpartition(".")[0])

State = Payment.State

#: "Not yet": the message comes back, and the log needs no traceback.
LATER = (GatewayUnavailable, LeaseHeld)

#: Wall time that a customer has to confirm at their bank.
ACTION_PATIENCE = timedelta(minutes=10)


@command("payments.authorise", throws=LATER)
def authorise(*, order: str) -> None:
    """Hold the order's total, then make it paid or failed, or ask the customer to confirm at their bank.

    Raises:
        Payment.DoesNotExist: no such order. GatewayUnavailable, LeaseHeld: try again later.
    """
    payment = Payment.objects.get(order_id=order)
    with leased(payment):
        if payment.state == State.ACTION:
            ask_again(payment)
        elif payment.state == State.PENDING and payment.order.status == Status.PLACED:
            follow(payment, hold(payment))


@command("payments.capture", throws=LATER)
def capture(*, order: str) -> None:
    """Take the money of a delivered order. Raises: as `authorise`."""
    payment = Payment.objects.get(order_id=order)
    with leased(payment):
        if payment.state != State.AUTHORISED or payment.order.status != Status.DELIVERED:
            if not payment.captured:
                logger.warning("payment %s of order %s is %s: nothing to capture", payment.pk, order, payment.state)
            return
        follow(payment, take(payment))


@command("payments.void", throws=LATER)
def void(*, order: str) -> None:
    """Let go of the money of an order that ended without delivery. Raises: as `authorise`."""
    payment = Payment.objects.get(order_id=order)
    with leased(payment):
        if payment.order.status not in FINAL or payment.order.status == Status.DELIVERED:
            logger.warning("order %s is %s: its payment is not let go", order, payment.order.status)
        elif payment.state in machine.LET_GO.allowed:
            follow(payment, let_go(payment))
            payment.refresh_from_db()
        if payment.state in machine.PAID and payment.order.status in FINAL - {Status.DELIVERED}:
            refunds.refund_rest(payment, reason=Refund.Reason.NOT_DELIVERED)


@command("payments.refresh", throws=LATER)
def refresh(*, order: str) -> None:
    """Ask the gateway how the payment stands, because a webhook or the sweeper says that something is new."""
    payment = Payment.objects.get(order_id=order)
    with leased(payment):
        if payment.state == State.ACTION:
            ask_again(payment)
        elif payment.gateway_reference:
            follow(payment, the_gateway().look(payment.gateway_reference))


@command("payments.refund", throws=LATER)
def refund(*, refund: str) -> None:
    """Give back what was approved. Raises: as `authorise`, with Refund.DoesNotExist for an unknown one."""
    asked = Refund.objects.select_related("payment").get(pk=refund)
    with leased(asked.payment):
        asked.refresh_from_db()
        if asked.state != Refund.State.APPROVED:
            return
        reference = asked.payment.gateway_reference
        try:
            answer = the_gateway().refund(reference, key=f"refund/{asked.pk}", amount=asked.amount)
        except GatewayRefused as error:
            refunds.fail(asked, code=error.code)
        else:
            refunds.succeed(asked, reference=answer)


def hold(payment: Payment) -> GatewayPayment:
    """Open the payment at the gateway, where that was not done yet, and confirm it.

    Its reference is written down before any money is held, so that whoever must let go of it finds it.
    """
    if payment.amount == 0:
        return GatewayPayment("", Standing.HELD)
    gateway = the_gateway()
    order = payment.order
    if not payment.gateway_reference:
        opened = gateway.open(
            key=f"{payment.pk}/open",
            amount=payment.amount,
            currency=order.currency,
            payment=str(payment.pk),
            order=str(order.pk),
        )
        unopened = Payment.objects.filter(pk=payment.pk, state=payment.state, gateway_reference="")
        if unopened.update(gateway_reference=opened.reference) != 1:
            # A lease that ran out: another has gone on without this worker, and nothing is held under this reference.
            raise LeaseHeld(f"payment {payment.pk} has moved on")
        payment.gateway_reference = opened.reference
    # Not by `reverse`, which would load every page of the site into each child of the pool.
    back = f"{settings.PUBLIC_URL}/orders/{order.pk}/"
    # The address is part of the request, and may have changed since an attempt that nobody heard the end of.
    key = f"{payment.pk}/confirm/{zlib.crc32(back.encode()):08x}"
    return gateway.authorise(payment.gateway_reference, key=key, card=payment.card, return_url=back)


def take(payment: Payment) -> GatewayPayment:
    """Capture what is held; what a gateway of before held (migration `ledger_of_earlier_orders`) is held here first."""
    if payment.amount == 0:
        return GatewayPayment("", Standing.TAKEN)
    if not payment.gateway_reference:
        answer = hold(payment)
        if answer.standing is not Standing.HELD:
            return answer
    return the_gateway().capture(payment.gateway_reference, key=f"{payment.pk}/capture")


def let_go(payment: Payment) -> GatewayPayment:
    """Cancel at the gateway; where nothing was opened there is nothing to let go of."""
    if not payment.gateway_reference:
        return GatewayPayment("", Standing.CANCELLED)
    return the_gateway().cancel(payment.gateway_reference, key=f"{payment.pk}/cancel")


def ask_again(payment: Payment) -> None:
    """Look whether the customer has answered their bank; one who takes too long is answered for."""
    answer = the_gateway().look(payment.gateway_reference)
    late = Payment.objects.filter(pk=payment.pk, action_since__lt=Now() - ACTION_PATIENCE)
    if answer.standing is Standing.ACTION and late.exists():
        answer = dataclasses.replace(let_go(payment), decline_code="authentication_expired")
    follow(payment, answer)


def follow(payment: Payment, answer: GatewayPayment) -> None:
    """Record an answer; where the order ended meanwhile, let go of what the gateway holds and record that."""
    if not record_answer(payment, answer):
        record_answer(payment, let_go(payment))
