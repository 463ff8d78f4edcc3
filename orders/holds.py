"""Holding an order that looks like fraud, and what a reviewer's word does to it.

A hold is no status: the order's life goes on (its restaurant may cook it), only no courier is asked until a reviewer
has looked. An order is held once at most and judged once at most; both are decided under its row's lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction

from messaging.outbox import send, transaction_id

from . import lifecycle
from .events import FraudHeld, FraudVerdict
from .lifecycle import CANCEL, SYSTEM, Actor, lock_order, record
from .models import Order, OrderHistory, Payment, Status
from .tokens import card_token

Hold = Order.Hold

FRAUD, GENUINE = "fraud", "genuine"
#: In these a hold comes in time.
HOLDABLE = frozenset({Status.PLACED, Status.PAID, Status.ACCEPTED, Status.READY})


class AlreadyJudged(Exception):
    """A reviewer's word on this order has been recorded before; nothing was changed."""


def put_on_hold(order: Order, *, score: int, rules: Sequence[str]) -> bool:
    """Hold a locked order; False where it was held before, judged already, or it is too late.

    Letting go of its courier is delivery's part, in the same transaction.
    """
    if order.hold != Hold.NONE or order.status not in HOLDABLE:
        return False
    order.hold = Hold.HELD
    record(order, FraudHeld, by=SYSTEM, reason="fraud", score=score, rules=list(rules))
    return True


@transaction.atomic
def judge(
    order_id: uuid.UUID | str, *, verdict: str, by: Actor, rules: Sequence[str] = (), about: Sequence[str] = ()
) -> Order:
    """Record a reviewer's word: `genuine` lets a held order go on, `fraud` calls it off where that is still possible.

    `rules` are those that raised the suspicion, `about` the kinds of tokens the word is a lesson about.

    Raises:
        Order.DoesNotExist: no such order. AlreadyJudged: somebody was quicker.
        ValueError: a word other than `fraud` and `genuine`.
    """
    if verdict not in (FRAUD, GENUINE):
        raise ValueError(f"a verdict is {FRAUD} or {GENUINE}, not {verdict!r}")
    order = lock_order(order_id)
    if OrderHistory.objects.filter(order=order, type=FraudVerdict.type).exists():
        raise AlreadyJudged(f"order {order.number} was judged before")
    held = order.hold == Hold.HELD
    order.hold = Hold.LIFTED if verdict == GENUINE else Hold.REJECTED
    card = Payment.objects.values_list("card", flat=True).get(order=order)
    record(
        order,
        FraudVerdict,
        by=by,
        reason=verdict,
        verdict=verdict,
        rules=list(rules),
        about=list(about),
        card_token=card_token(card, customer_id=order.customer_id),
        device_token=order.device_token,
        door_token=order.door_token,
    )
    if verdict == FRAUD and order.status in CANCEL.allowed["operator"]:
        return lifecycle.cancel(order.id, by=by, reason=FRAUD)
    if held and verdict == GENUINE and order.status in (Status.ACCEPTED, Status.READY):
        send("delivery.dispatch_zone", key=order.zone, zone=order.zone, since=transaction_id())
    return order
