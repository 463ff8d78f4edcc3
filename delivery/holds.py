"""A hold's part in delivery: the offer is withdrawn, or the courier let go, as long as nothing is picked up."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from orders import holds
from orders.lifecycle import SYSTEM
from orders.models import Status

from . import handover, offers
from .models import Assignment

REASON = "fraud"


def hold(order_id: uuid.UUID | str, *, score: int, rules: Sequence[str]) -> bool:
    """Hold an order and take it from whoever it is offered to or with; False where there was nothing to do any more.

    A bundle that is only offered is taken back whole, and its other orders wait again. Safe to repeat: an order is
    held once, and one that a reviewer let go is not held again.

    Raises:
        Order.DoesNotExist: no such order.
    """

    def take(held: handover.Held) -> bool:
        if held.order.status == Status.PICKED_UP or not holds.put_on_hold(held.order, score=score, rules=rules):
            return False
        job = held.job
        if job is not None and job.state == Assignment.State.OFFERED:
            offers.withdraw(job.offer_id, by=SYSTEM, reason=REASON)
        elif job is not None:
            handover.release(held.order, job, held.couriers[job.courier_id], by=SYSTEM, reason=REASON)
        return True

    return handover.locked(order_id, set(), take)
