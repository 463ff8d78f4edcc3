"""Money asked back: whole, by line or an amount; decided by a rule or an operator, given back by a worker."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Sum

from messaging.models.incident import open_incident
from messaging.outbox import send
from orders.city import city_now
from orders.lifecycle import SYSTEM, Actor, lock_order
from orders.models import Order, OrderLine, Payment, Refund, RefundLine

from . import events, ledger, machine

State = Refund.State

#: Minor units: the first thing that a customer asks back of an order is given without a question up to this.
UNQUESTIONED = 1500

#: The incident of money that should go back and does not.
REFUND_FAILED = "refund_failed"

#: Refunds that came to nothing: what they asked back may be asked again.
CAME_TO_NOTHING = (State.REFUSED, State.FAILED)


class CannotRefund(Exception):
    """Nothing was written. `code` names why: not_paid, unknown_line, nothing_left, too_much, decided, no_reason."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@transaction.atomic
def ask(
    order_id: uuid.UUID | str,
    *,
    by: Actor,
    reason: Refund.Reason | str,
    note: str = "",
    pieces: Mapping[int, int] | None = None,
    amount: int | None = None,
) -> Refund:
    """Ask money back: so many pieces of lines (line id → pieces), an amount in minor units, or all that is left.

    An operator's word is its own approval; a customer's is where it is small and the first.

    Raises:
        Order.DoesNotExist: no such order. CannotRefund: not paid, or more than is left.
    """
    order = lock_order(order_id)
    payment = machine.lock_payment(Payment.objects.only("pk").get(order=order).pk)
    if payment.state not in machine.PAID and payment.state != Payment.State.REFUNDED:
        raise CannotRefund(
            "not_paid", f"Order {order.number} has no money to give back: its payment is {payment.state}."
        )
    left = payment.captured - payment.refunding
    if pieces:
        amount = _price_of(order, pieces)
    elif amount is None:
        amount = left
    if left == 0:
        raise CannotRefund("nothing_left", f"All that was paid for order {order.number} is given back, or on its way.")
    if not 0 < amount <= left:
        raise CannotRefund("too_much", f"At most {left / 100:.2f} can be given back.")
    unquestioned = by.role != "customer" or (amount <= UNQUESTIONED and not payment.refunding)
    payment.refunding += amount
    refund = Refund.objects.create(
        payment=payment,
        amount=amount,
        reason=reason,
        note=note,
        asked_by_role=by.role,
        asked_by_id=by.id,
        asked_at=city_now(),
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line_id=line, quantity=quantity) for line, quantity in (pieces or {}).items()
    )
    _tell(payment, order, events.RefundRequested, refund)
    if unquestioned:
        _approve(refund, order, by=by)
    return refund


@transaction.atomic
def approve(refund_id: uuid.UUID | str, *, by: Actor) -> Refund:
    """An operator says yes. Raises: Refund.DoesNotExist; CannotRefund when it was decided before."""
    refund, _, order = _lock(refund_id)
    _undecided(refund)
    return _approve(refund, order, by=by)


@transaction.atomic
def refuse(refund_id: uuid.UUID | str, *, by: Actor, why: str) -> Refund:
    """An operator says no, and why, as the customer reads it; what was asked may be asked again.

    Raises: as `approve`; CannotRefund where no reason is given.
    """
    if not why.strip():
        raise CannotRefund("no_reason", "Say why: the customer reads it.")
    refund, payment, order = _lock(refund_id)
    _undecided(refund)
    refund.state, refund.decided_by_id, refund.refusal = State.REFUSED, by.id, why.strip()[:200]
    refund.save()
    payment.refunding -= refund.amount
    _tell(payment, order, events.RefundRefused, refund, why=refund.refusal)
    return refund


@transaction.atomic
def succeed(asked: Refund, *, reference: str) -> None:
    """The gateway gave it back. Safe to repeat."""
    refund, payment, order = _lock(asked.pk)
    if refund.state != State.APPROVED:
        return
    borne = payment.refunds.filter(state=State.SUCCEEDED, reason__in=ledger.RESTAURANTS_FAULT)
    before = borne.aggregate(total=Sum("amount"))["total"] or 0
    refund.state, refund.gateway_reference = State.SUCCEEDED, reference
    refund.save()
    payment.refunded += refund.amount
    row = machine.REFUND_ALL if payment.refunded == payment.captured else machine.REFUND_SOME
    machine.move(payment, row, order=order, refund_id=str(refund.pk), refund_amount=refund.amount, reason=refund.reason)
    ledger.post_refund(refund, order, before=min(before, order.subtotal))


@transaction.atomic
def fail(asked: Refund, *, code: str) -> None:
    """The gateway will not give it back: a person has to look. Safe to repeat."""
    refund, payment, order = _lock(asked.pk)
    if refund.state != State.APPROVED:
        return
    refund.state, refund.failure_code = State.FAILED, code[:60]
    refund.save()
    payment.refunding -= refund.amount
    _tell(payment, order, events.RefundFailed, refund, code=refund.failure_code)
    open_incident(
        REFUND_FAILED, str(order.pk), f"Order {order.number}: the gateway would not give {refund.amount} back ({code})."
    )


def refund_rest(payment: Payment, *, reason: Refund.Reason) -> None:
    """Give back all that is left of a payment that should not have been taken; nothing where nothing is left."""
    try:
        ask(payment.order_id, by=SYSTEM, reason=reason)
    except CannotRefund as refused:
        if refused.code != "nothing_left":
            raise


def pieces_left(order: Order) -> dict[int, int]:
    """How many pieces of each line can still be asked back, by the line's id."""
    asked = RefundLine.objects.filter(refund__payment__order=order).exclude(refund__state__in=CAME_TO_NOTHING)
    gone = {row["line"]: row["pieces"] for row in asked.values("line").annotate(pieces=Sum("quantity")).order_by()}
    return {line.pk: line.quantity - gone.get(line.pk, 0) for line in order.lines.all()}


def _price_of(order: Order, pieces: Mapping[int, int]) -> int:
    # Under the payment's lock, so that two who ask for the same piece come one after the other.
    left = pieces_left(order)
    lines: dict[int, OrderLine] = {line.pk: line for line in order.lines.all()}
    for line, quantity in pieces.items():
        if line not in lines:
            raise CannotRefund("unknown_line", f"Order {order.number} has no line {line}.")
        if not 1 <= quantity <= left[line]:
            raise CannotRefund("too_much", f"Of {lines[line].name}, {left[line]} can still be given back.")
    return sum(lines[line].unit_price * quantity for line, quantity in pieces.items())


def _lock(refund_id: uuid.UUID | str) -> tuple[Refund, Payment, Order]:
    known = Refund.objects.select_related("payment").get(pk=refund_id)
    order = lock_order(known.payment.order_id)
    payment = machine.lock_payment(known.payment_id)
    return Refund.objects.select_for_update().get(pk=refund_id), payment, order


def _undecided(refund: Refund) -> None:
    if refund.state != State.REQUESTED:
        raise CannotRefund("decided", f"This was decided before: it is {refund.get_state_display()}.")


def _approve(refund: Refund, order: Order, *, by: Actor) -> Refund:
    refund.state = State.APPROVED
    refund.decided_by_id = by.id if by.role == "operator" else None
    refund.save()
    send("payments.refund", key=str(order.pk), refund=str(refund.pk))
    return refund


def _tell(payment: Payment, order: Order, event: type[events.PaymentEvent], refund: Refund, **data: Any) -> None:
    machine.tell(
        payment,
        event,
        order=order,
        refund_id=str(refund.pk),
        refund_amount=refund.amount,
        reason=refund.reason,
        **data,
    )
