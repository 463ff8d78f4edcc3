"""What a courier pressed while their telephone had no connection, merged when it is back.

Only the stages of an order that is theirs already: whether they have it is a matter of the moment, and an offer that
was "taken" in a cellar may be somebody else's by then.

Each press carries a key of its own, and what came of it is kept under that key: a phone that does not hear the answer
sends it again and is told the same, so that not even a wrong code at the door counts twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import localtime

from orders.city import city_now, the_city
from orders.lifecycle import IllegalTransition, WrongDoorCode
from orders.models import Order, Status

from . import couriers
from .couriers import JobReleased
from .models import Assignment, Courier, Press

#: Presses in one message: a phone that was without a connection for a whole shift has fewer.
MOST = 50
#: What can be pressed, and the statuses in which it has been done.
STAGES = {
    Status.PICKED_UP: frozenset({Status.PICKED_UP, Status.DELIVERED}),
    Status.DELIVERED: frozenset({Status.DELIVERED}),
}

#: What a courier reads of each outcome.
WORDS = {
    "done": "{number} counts as {stage} at {time}.",
    "already": "{number} was {stage} already.",
    "ended": "{number} had ended meanwhile: it is {status}. There is nothing more to do for it.",
    "released": "{number} had gone to another courier meanwhile. If you have it with you, call the operator.",
    "door_code": "The code for {number} was not the customer's: ask them, and press Delivered again.",
    "too_early": "{number} is not {before} yet, so it cannot be {stage}: press again when it is.",
    "unknown": "An order that was never yours: nothing was changed.",
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """`stage` is picked_up or delivered; `seconds_ago` are wall seconds by the phone's own clock.

    How long ago, and not when: a clock that is wrong by an hour still measures minutes well.
    """

    key: uuid.UUID
    order: uuid.UUID
    stage: str
    seconds_ago: float
    door_code: str = ""


def merge(presses: Iterable[Pressed], *, courier: Courier) -> list[Press]:
    """Carry out what was pressed, in that sequence, each for itself; what came of each. Safe to send twice."""
    return [_merge(each, courier) for each in presses]


def _merge(pressed: Pressed, courier: Courier) -> Press:
    at = city_now() - timedelta(seconds=max(0.0, pressed.seconds_ago) * the_city().speed)
    press = Press(courier=courier, key=pressed.key, order_id=pressed.order, stage=pressed.stage, pressed_at=at)
    try:
        with transaction.atomic():
            # Under its key first: of one press in two messages at one instant, the second waits here for the first.
            press.save(force_insert=True)
            press.outcome, press.counted_at, press.message = _carry_out(pressed, press)
            press.save(update_fields=["outcome", "counted_at", "message"])
    except IntegrityError:
        known = Press.objects.filter(courier=courier, key=pressed.key).first()
        if known is None:
            raise
        return known
    return press


def _carry_out(pressed: Pressed, press: Press) -> tuple[str, datetime | None, str]:
    order = Order.objects.filter(pk=pressed.order).first()
    outcome = "already" if order is not None and order.status in STAGES[Status(pressed.stage)] else "done"
    try:
        # Without a savepoint around: the verbs have their own, and a wrong code leaves its try behind.
        order = _press(pressed, press)
    except Assignment.DoesNotExist:
        return "unknown", None, WORDS["unknown"]
    except JobReleased:
        outcome = "released"
    except WrongDoorCode:
        outcome = "door_code"
    except IllegalTransition:
        outcome = "too_early"
    assert order is not None
    at = None
    if outcome == "done":
        at = order.picked_up_at if pressed.stage == Status.PICKED_UP else order.delivered_at
    elif outcome in ("released", "too_early"):
        order.refresh_from_db(fields=["status"])
        outcome = "ended" if order.is_final else outcome
    return outcome, at, _words(outcome, order, pressed.stage, at)


def _press(pressed: Pressed, press: Press) -> Order:
    if pressed.stage == Status.PICKED_UP:
        return couriers.pick_up(pressed.order, courier=press.courier, pressed_at=press.pressed_at)
    return couriers.deliver(
        pressed.order, courier=press.courier, door_code=pressed.door_code, pressed_at=press.pressed_at
    )


def _words(outcome: str, order: Order, stage: str, at: datetime | None) -> str:
    return WORDS[outcome].format(
        number=order.number,
        stage=Status(stage).label.lower(),
        before="ready" if stage == Status.PICKED_UP else "picked up",
        status=order.get_status_display().lower(),
        time="" if at is None else f"{localtime(at):%H:%M}",
    )
