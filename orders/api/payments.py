"""An order's money as its customer sees it, and asking some of it back."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from accounts.auth import SIGNED_IN, user_with_role
from accounts.models import Role
from orders import customer
from orders.models import Order, Refund
from orders.payments.account import OrderAccount, account_of

from .schemas import Text

router = Router(tags=["payments"], auth=SIGNED_IN)

#: Reasons a customer can give; the others are for operators.
Reason = Literal["missing", "wrong", "quality", "late", "not_delivered"]


class RefundOut(Schema):
    id: uuid.UUID
    amount: int
    reason: str
    state: str
    refusal: str = Field(description="why it was refused, in the operator's words")

    @classmethod
    def of(cls, refund: Refund) -> RefundOut:
        return cls(id=refund.pk, amount=refund.amount, reason=refund.reason, state=refund.state, refusal=refund.refusal)


class LineLeftOut(Schema):
    line: int
    name: str
    unit_price: int
    left: int = Field(description="pieces that can still be asked back")


class PaymentOut(Schema):
    state: str
    amount: int
    currency: str
    paid: int
    refunded: int
    decline_code: str
    action_url: str = Field(description="where the customer confirms at their bank, while the state is `action`")
    lines: list[LineLeftOut]
    refunds: list[RefundOut]

    @classmethod
    def of(cls, account: OrderAccount) -> PaymentOut:
        """`paid` and `refunded` are the ledger's."""
        return cls(
            state=account.payment.state,
            amount=account.payment.amount,
            currency=account.order.currency,
            paid=account.receipt.paid,
            refunded=account.receipt.refunded,
            decline_code=account.payment.decline_code,
            action_url=account.payment.action_url if account.asks_bank else "",
            lines=[
                LineLeftOut(line=each.line.pk, name=each.line.name, unit_price=each.line.unit_price, left=each.left)
                for each in account.lines
            ],
            refunds=[RefundOut.of(refund) for refund in account.refunds],
        )


class PiecesIn(Schema):
    line: Annotated[int, Field(ge=1, lt=2**63)]
    quantity: Annotated[int, Field(ge=1, le=1000)]


class ProblemIn(Schema):
    reason: Reason
    note: Text = ""
    pieces: list[PiecesIn] = Field([], max_length=100, description="empty asks back all that is left")


@router.get("/orders/{uuid:order_id}/payment", response=PaymentOut)
def payment(request: HttpRequest, order_id: uuid.UUID) -> PaymentOut:
    """How an order's payment stands; another customer's is not found."""
    own = Order.objects.for_customer(user_with_role(request, Role.CUSTOMER).id).select_related("payment")
    return PaymentOut.of(account_of(own.prefetch_related("lines").get(pk=order_id)))


@router.post("/orders/{uuid:order_id}/problems", response={201: RefundOut})
def problem(request: HttpRequest, order_id: uuid.UUID, body: ProblemIn) -> Status[RefundOut]:
    """Say what was wrong and ask money back. Small first requests are granted at once, others by an operator."""
    pieces: dict[int, int] = {}
    for each in body.pieces:
        pieces[each.line] = pieces.get(each.line, 0) + each.quantity
    by = user_with_role(request, Role.CUSTOMER)
    refund = customer.report_problem(order_id, by=by, reason=body.reason, note=body.note, pieces=pieces or None)
    return Status(201, RefundOut.of(refund))
