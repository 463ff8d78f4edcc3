"""What customers do with an order they placed. Another's does not exist for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from accounts.models import User

from . import lifecycle
from .lifecycle import Actor
from .models import Order, Refund
from .payments import refunds


def cancel(order_id: uuid.UUID | str, *, by: User, reason: str) -> Order:
    """Call it off, which goes until the restaurant accepts.

    Raises:
        Order.DoesNotExist: unknown or another's.
        lifecycle.IllegalTransition: it is past that.
    """
    order = Order.objects.for_customer(by.id).only("id").get(pk=order_id)
    return lifecycle.cancel(order.id, by=Actor("customer", by.id), reason=reason)


def report_problem(
    order_id: uuid.UUID | str, *, by: User, reason: str, note: str = "", pieces: Mapping[int, int] | None = None
) -> Refund:
    """Ask money back, for so many pieces of lines (line id → pieces) or for all that is left.

    Raises:
        Order.DoesNotExist: unknown or another's.
        refunds.CannotRefund: nothing was paid yet, or not so much is left.
    """
    order = Order.objects.for_customer(by.id).only("id").get(pk=order_id)
    return refunds.ask(order.id, by=Actor("customer", by.id), reason=reason, note=note, pieces=pieces)
