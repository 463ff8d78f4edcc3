"""Writing to the ledger and reading from it: every figure of money on a page is a sum of its entries.

Who gets what of an order: the restaurant its dishes less the platform's commission, the courier the delivery fee, the
platform the commission. A refund is borne by who caused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.db.models.functions import Coalesce

from orders.city import city_now
from orders.models import Account, Entry, Order, Payment, Posting, Refund

#: The platform's share of the dishes, in percent, rounded down to a minor unit.
COMMISSION_PERCENT = 15

#: Refunds for these reasons are the restaurant's to bear; the platform bears the others. The courier keeps the fee.
RESTAURANTS_FAULT = frozenset({Refund.Reason.MISSING, Refund.Reason.WRONG, Refund.Reason.QUALITY})


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a posting, in minor units: debit above zero, credit below."""

    account: Account
    party: int | None
    amount: int


def commission(amount: int) -> int:
    """The platform's part of what was paid for dishes, minor units."""
    return amount * COMMISSION_PERCENT // 100


def courier_pay(order: Order) -> int:
    """What bringing it earns its courier, minor units."""
    return order.delivery_fee


def post_sale(order: Order, *, at: datetime) -> None:
    """The order is delivered: its customer owes it, and everybody's share of it is earned."""
    ours = commission(order.subtotal)
    sides = [
        Side(Account.CUSTOMERS, order.customer_id, order.total),
        Side(Account.RESTAURANTS, order.restaurant_id, -(order.subtotal - ours)),
        Side(Account.REVENUE, None, -ours),
        Side(Account.COURIERS, order.courier_id, -courier_pay(order)),
    ]
    _post(f"sale/{order.pk}", Posting.Kind.SALE, order, sides, at=at)


def post_capture(payment: Payment, order: Order) -> None:
    """The gateway took the money: it holds it for us now, and the customer owes that much less."""
    sides = [
        Side(Account.GATEWAY, None, payment.captured),
        Side(Account.CUSTOMERS, order.customer_id, -payment.captured),
    ]
    _post(f"capture/{payment.pk}", Posting.Kind.CAPTURE, order, sides, at=city_now())


def post_refund(refund: Refund, order: Order, *, before: int) -> None:
    """The gateway gave money back; `before` is what earlier refunds of the restaurant's fault had come to.

    The restaurant never loses more than it earned: what exceeds the dishes (the fee) is borne by the platform.
    """
    from_dishes = 0
    if refund.reason in RESTAURANTS_FAULT:
        from_dishes = max(0, min(refund.amount, order.subtotal - before))
    # As a difference of sums, so that many small refunds round to what one great one would.
    ours = commission(before + from_dishes) - commission(before)
    sides = [
        Side(Account.GATEWAY, None, -refund.amount),
        Side(Account.RESTAURANTS, order.restaurant_id, from_dishes - ours),
        Side(Account.REVENUE, None, ours),
        Side(Account.REFUNDS, None, refund.amount - from_dishes),
    ]
    _post(f"refund/{refund.pk}", Posting.Kind.REFUND, order, sides, at=city_now(), refund=refund)


def _post(
    key: str, kind: Posting.Kind, order: Order, sides: Sequence[Side], *, at: datetime, refund: Refund | None = None
) -> None:
    present = [side for side in sides if side.amount]
    if not present:
        return
    posting = Posting.objects.create(key=key, kind=kind, order=order, refund=refund, currency=order.currency, at=at)
    Entry.objects.bulk_create(
        Entry(posting=posting, account=side.account, party=side.party, amount=side.amount) for side in present
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an order's customer was charged, has paid and got back, minor units. All zero before delivery."""

    charged: int
    paid: int
    refunded: int

    @property
    def kept(self) -> int:
        return self.paid - self.refunded


def receipt_of(order: Order) -> Receipt:
    """An order's figures, as the ledger has them."""
    rows = Entry.objects.filter(posting__order=order).values("posting__kind", "account").annotate(total=Sum("amount"))
    sums = {(row["posting__kind"], row["account"]): row["total"] for row in rows.order_by()}
    return Receipt(
        charged=sums.get(("sale", "customers"), 0),
        paid=sums.get(("capture", "gateway"), 0),
        refunded=-sums.get(("refund", "gateway"), 0),
    )


def courier_earned(courier_id: int, *, since: datetime | None = None) -> int:
    """What a courier has earned, minor units; `since` a city time, or ever."""
    entries = Entry.objects.filter(account=Account.COURIERS, party=courier_id)
    if since is not None:
        entries = entries.filter(posting__at__gte=since)
    total: int = entries.aggregate(total=Coalesce(Sum("amount"), 0))["total"]
    return -total


def balances() -> list[tuple[Account, int]]:
    """Every account's balance in minor units, in the order of the chart; together they are zero."""
    rows = Entry.objects.values("account").annotate(total=Sum("amount")).order_by()
    sums = {row["account"]: row["total"] for row in rows}
    return [(account, sums.get(account, 0)) for account in Account]
