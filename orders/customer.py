"""What customers do with an order they placed. Another's does not exist for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import transaction

from accounts.models import User

from . import lifecycle
from .events import OrderCodeWaived
from .lifecycle import Actor
from .models import Order, Refund, Status
from .payments import refunds

#: What cancelling costs at each stage, said before the button is pressed. An order that ended has nothing to cancel.
CANCELLING: dict[str, str] = {
    Status.PLACED: "It costs nothing: nothing was taken from your card.",
    Status.PAID: "It costs nothing: the restaurant has not begun, and what is held on your card is let go.",
    Status.ACCEPTED: "It cannot be cancelled any more: the kitchen has begun, and it would cost the whole order.",
    Status.READY: "It cannot be cancelled any more: it is cooked, and it would cost the whole order.",
    Status.PICKED_UP: "It cannot be cancelled any more: it is on its way, and it would cost the whole order.",
}


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


@transaction.atomic
def waive_door_code(order_id: uuid.UUID | str, *, by: User) -> None:
    """Let the courier hand it over without the code; their page is told at once. Safe to press twice.

    Raises Order.DoesNotExist: unknown or another's.
    """
    own = Order.objects.for_customer(by.id).only("id").get(pk=order_id)
    order = lifecycle.lock_order(own.pk)
    if order.door_code and not order.is_final:
        order.door_code = ""
        lifecycle.record(order, OrderCodeWaived, by=Actor("customer", by.id))
