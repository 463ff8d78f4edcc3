"""An order's money as its people see it: how the payment stands, the ledger's figures, what was asked back."""

from __future__ import annotations

from dataclasses import dataclass

from orders.models import Order, OrderLine, Payment, Refund, Status

from . import machine
from .ledger import Receipt, receipt_of
from .refunds import pieces_left

State = Payment.State


@dataclass(frozen=True, slots=True)
class LineLeft:
    """A line of which so many pieces can still be asked back."""

    line: OrderLine
    left: int

    @property
    def counts(self) -> range:
        return range(self.left + 1)


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """`left` in minor units is what can still be asked back; `held` is what the card's bank keeps for us."""

    order: Order
    payment: Payment
    receipt: Receipt
    refunds: list[Refund]
    lines: list[LineLeft]
    left: int
    held: int

    @property
    def asks_bank(self) -> bool:
        return self.payment.state == State.ACTION and bool(self.payment.action_url)

    @property
    def moves(self) -> bool:
        """Whether a worker, or the customer's bank, is about to change it: worth another look soon."""
        waiting = self.payment.state in machine.OPEN or (self.held and self.order.status == Status.DELIVERED)
        return bool(waiting) or self._has(Refund.State.APPROVED)

    @property
    def waits(self) -> bool:
        """Whether a person has to decide: the page is told of it, and looks now and then in case it was not."""
        return self._has(Refund.State.REQUESTED)

    def _has(self, state: Refund.State) -> bool:
        return any(refund.state == state for refund in self.refunds)


def account_of(order: Order) -> OrderAccount:
    """Everything about one order's money."""
    payment: Payment = order.payment
    left = payment.captured - payment.refunding if payment.state in machine.PAID else 0
    pieces = pieces_left(order) if left else {}
    return OrderAccount(
        order=order,
        payment=payment,
        receipt=receipt_of(order),
        refunds=list(payment.refunds.prefetch_related("lines__line")),
        lines=[LineLeft(line, pieces[line.pk]) for line in order.lines.all() if pieces.get(line.pk)],
        left=left,
        held=payment.amount if payment.state == State.AUTHORISED else 0,
    )
