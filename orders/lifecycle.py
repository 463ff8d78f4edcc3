"""The order's life: one table of allowed moves, and the one place that writes them down.

Every function locks the order's row first, so that two changes of one order happen one after the other and
their outbox ids rise in the order of their versions. Change, history and outbox rows commit together.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import F

from messaging.outbox import publish, publish_many, send, transaction_id

from . import events
from .city import city_now
from .models import Order, OrderHistory, OrderLine, Payment, Status
from .payments import ledger
from .tokens import card_token


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a role, and the account where there is one."""

    role: str
    id: int | None = None


SYSTEM = Actor("system")


class IllegalTransition(Exception):
    """The order's present status does not allow this move, or not to this actor."""

    def __init__(self, order: Order, target: str, by: Actor) -> None:
        self.number = order.number
        self.status = order.status
        self.target = target
        super().__init__(f"order {order.number} is {order.status}: the {by.role} cannot make it {target}")


#: Wrong codes before no code is taken any more: one in two thousand who only guess gets through.
DOOR_TRIES = 5


class WrongDoorCode(Exception):
    """The order's customer asked for a code at the door. `left` is how many more tries there are."""

    def __init__(self, order: Order, *, left: int) -> None:
        self.order_id = order.id
        self.left = left
        more = f"{left} more {'try' if left == 1 else 'tries'}" if left else "the customer can lift it on their page"
        super().__init__(f"order {order.number} is handed over against its customer's code: {more}")


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the transition table: from which statuses each role may make the move, and what it leads to."""

    target: Status
    event: type[events.OrderEvent]
    allowed: Mapping[str, frozenset[Status]]


def _from(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


S = Status
PAY = Move(S.PAID, events.OrderPaid, {"system": _from(S.PLACED)})
FAIL_PAYMENT = Move(S.PAYMENT_FAILED, events.OrderPaymentFailed, {"system": _from(S.PLACED)})
ACCEPT = Move(S.ACCEPTED, events.OrderAccepted, {"restaurant": _from(S.PAID), "operator": _from(S.PAID)})
REJECT = Move(
    S.REJECTED,
    events.OrderRejected,
    {"restaurant": _from(S.PAID), "operator": _from(S.PAID), "system": _from(S.PAID)},
)
MARK_READY = Move(S.READY, events.OrderReady, {"restaurant": _from(S.ACCEPTED), "operator": _from(S.ACCEPTED)})
PICK_UP = Move(S.PICKED_UP, events.OrderPickedUp, {"courier": _from(S.READY)})
DELIVER = Move(S.DELIVERED, events.OrderDelivered, {"courier": _from(S.PICKED_UP)})
CANCEL = Move(
    S.CANCELLED,
    events.OrderCancelled,
    {
        "customer": _from(S.PLACED, S.PAID),
        "restaurant": _from(S.ACCEPTED, S.READY),
        "operator": _from(S.PLACED, S.PAID, S.ACCEPTED, S.READY, S.PICKED_UP),
    },
)
GIVE_UP = Move(
    S.UNDELIVERABLE,
    events.OrderUndeliverable,
    {"system": _from(S.ACCEPTED, S.READY), "operator": _from(S.ACCEPTED, S.READY, S.PICKED_UP)},
)

#: The whole life of an order after it is placed. Nothing else changes an order's status.
TRANSITIONS: tuple[Move, ...] = (PAY, FAIL_PAYMENT, ACCEPT, REJECT, MARK_READY, PICK_UP, DELIVER, CANCEL, GIVE_UP)


def lock_order(order_id: uuid.UUID | str) -> Order:
    """The order under its row lock, which is always taken before any courier's.

    Raises:
        Order.DoesNotExist: no such order.
    """
    return Order.objects.select_for_update().get(pk=order_id)


@transaction.atomic
def place(order: Order, lines: list[OrderLine], *, card: str, by: Actor, distance: int | None = None) -> Order:
    """Write a new order with its lines and pending payment, and owe its authorisation to the payments queue.

    `order` is unsaved, `distance` is from counter to door in metres. Its idempotency key is unique per customer, so a
    second attempt raises IntegrityError.
    """
    order.placed_at = city_now()
    order.save(force_insert=True)
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    Payment.objects.create(order=order, card=card, amount=order.total)
    record(
        order,
        events.OrderPlaced,
        by=by,
        at=order.placed_at,
        restaurant=order.restaurant.name,
        lines=[
            events.Line(
                item_id=line.item_id,
                name=line.name,
                quantity=line.quantity,
                unit_price=line.unit_price,
                options=line.options,
                choices=msgspec.convert(line.choices, list[events.Choice]),
            )
            for line in lines
        ],
        subtotal=order.subtotal,
        delivery_fee=order.delivery_fee,
        total=order.total,
        currency=order.currency,
        card_token=card_token(card, customer_id=order.customer_id),
        device_token=order.device_token,
        door_token=order.door_token,
        distance=distance,
        quote_id=str(order.quote_id or ""),
    )
    send("payments.authorise", key=str(order.id), order=str(order.id))
    return order


@transaction.atomic
def pay(order_id: uuid.UUID | str, *, payment_id: uuid.UUID, amount: int) -> Order:
    """The payment was authorised; `amount` in minor units."""
    return _move(PAY, order_id, by=SYSTEM, payment_id=str(payment_id), amount=amount)


@transaction.atomic
def fail_payment(order_id: uuid.UUID | str, *, code: str) -> Order:
    """The payment was declined, for the gateway's reason `code`."""
    return _move(FAIL_PAYMENT, order_id, by=SYSTEM, reason=code, code=code)


@transaction.atomic
def accept(order_id: uuid.UUID | str, *, by: Actor, preparation: timedelta) -> Order:
    """The restaurant cooks it, ready after `preparation` of city time; the zone's dispatch is called."""
    order = lock_order(order_id)
    at = city_now()
    order.ready_by = at + preparation
    order.accepted_at = at
    _move(ACCEPT, order, by=by, at=at, ready_by=order.ready_by)
    send("delivery.dispatch_zone", key=order.zone, zone=order.zone, since=transaction_id())
    return order


@transaction.atomic
def reject(order_id: uuid.UUID | str, *, by: Actor, reason: str) -> Order:
    """The restaurant will not cook it, or did not answer; the money is let go."""
    order = _move(REJECT, order_id, by=by, reason=reason)
    send("payments.void", key=str(order.id), order=str(order.id))
    return order


@transaction.atomic
def mark_ready(order_id: uuid.UUID | str, *, by: Actor) -> Order:
    """It waits at the counter."""
    order = lock_order(order_id)
    order.ready_at = at = city_now()
    return _move(MARK_READY, order, by=by, at=at)


@transaction.atomic
def delay(order_id: uuid.UUID | str, *, by: Actor, later: timedelta) -> Order:
    """It takes longer than was said, by `later` of city time from then, or from now where that is past."""
    order = lock_order(order_id)
    if order.status != Status.ACCEPTED or order.ready_by is None:
        raise IllegalTransition(order, "later", by)
    at = city_now()
    order.ready_by = max(order.ready_by, at) + later
    record(order, events.OrderDelayed, by=by, at=at, ready_by=order.ready_by)
    return order


@transaction.atomic
def pick_up(order_id: uuid.UUID | str, *, by: Actor, at: datetime | None = None) -> Order:
    """Its courier has it; delivery checks the assignment under the same lock before calling this.

    `at` (city time) is when it was, where that is told later; not before the order's latest fact, and not to come.
    """
    order = lock_order(order_id)
    order.picked_up_at = at = at or city_now()
    return _move(PICK_UP, order, by=by, at=at)


@transaction.atomic
def deliver(order_id: uuid.UUID | str, *, by: Actor, door_code: str = "", at: datetime | None = None) -> Order:
    """It is at the door: the sale stands in the ledger, and the payment is captured. `at` as for `pick_up`.

    Raises:
        WrongDoorCode: the customer asked for a code, and this is not it.
    """
    order = lock_order(order_id)
    if order.door_code and order.status == Status.PICKED_UP:
        if order.door_tries >= DOOR_TRIES:
            raise WrongDoorCode(order, left=0)
        if not compare_digest(order.door_code, door_code.strip()):
            raise WrongDoorCode(order, left=DOOR_TRIES - order.door_tries - 1)
    order.delivered_at = at = at or city_now()
    waited = (order.picked_up_at - order.ready_at).total_seconds() if order.picked_up_at and order.ready_at else 0.0
    _move(
        DELIVER,
        order,
        by=by,
        at=at,
        click_to_door_seconds=round((at - order.placed_at).total_seconds(), 3),
        ready_to_pickup_seconds=round(waited, 3),
    )
    ledger.post_sale(order, at=at)
    send("payments.capture", key=str(order.id), order=str(order.id))
    return order


@transaction.atomic
def cancel(order_id: uuid.UUID | str, *, by: Actor, reason: str) -> Order:
    """Called off; money and courier are let go by their own workers."""
    return _end_early(_move(CANCEL, order_id, by=by, reason=reason))


@transaction.atomic
def give_up(order_id: uuid.UUID | str, *, by: Actor, reason: str) -> Order:
    """No courier can bring it: the stated failure that promise one allows."""
    return _end_early(_move(GIVE_UP, order_id, by=by, reason=reason))


def record(
    order: Order,
    event: type[events.OrderEvent],
    *,
    by: Actor,
    old_status: str = "",
    reason: str = "",
    courier_id: int | None = None,
    at: datetime | None = None,
    **data: Any,
) -> OrderHistory:
    """Write one fact of a locked order: next version, history row and outbox row. Other rooms record theirs here too.

    Saves the order as it stands, so set what else changes on it first. `courier_id` names the courier the fact
    concerns where that is not the order's own (an offer).
    """
    at = at or city_now()
    order.version += 1
    order.save()
    fact = _fact(order, event, by=by, reason=reason, courier_id=courier_id, **data)
    entry = _entry(order, fact, by=by, at=at)
    entry.old_status = old_status or order.status
    entry.event_id = publish(fact, key=str(order.id), sequence=order.version, at=at)
    entry.save(force_insert=True)
    return entry


def record_each(
    facts: Sequence[tuple[Order, type[events.OrderEvent], Mapping[str, Any]]], *, by: Actor, at: datetime
) -> None:
    """`record` for facts of one moment that change nothing else of their orders, each order once: three statements
    for all of them. Each comes with its data, `courier_id` and `reason` among them.
    """
    # Every one of them is locked: what was read is what is there.
    Order.objects.filter(pk__in=[order.pk for order, _, _ in facts]).update(version=F("version") + 1)
    told: list[tuple[Order, events.OrderEvent]] = []
    for order, event, data in facts:
        order.version += 1
        told.append((order, _fact(order, event, by=by, **data)))
    ids = publish_many([(fact, str(order.id), order.version) for order, fact in told], at=at)
    entries = [_entry(order, fact, by=by, at=at) for order, fact in told]
    for entry, event_id in zip(entries, ids, strict=True):
        entry.event_id = event_id
    OrderHistory.objects.bulk_create(entries)


def _fact(
    order: Order,
    event: type[events.OrderEvent],
    *,
    by: Actor,
    reason: str = "",
    courier_id: int | None = None,
    **data: Any,
) -> events.OrderEvent:
    return event(
        order_id=str(order.id),
        restaurant_id=order.restaurant_id,
        customer_id=order.customer_id,
        zone=order.zone,
        status=order.status,
        by=by.role,
        reason=reason,
        courier_id=courier_id if courier_id is not None else order.courier_id,
        actor_id=by.id,
        **data,
    )


def _entry(order: Order, fact: events.OrderEvent, *, by: Actor, at: datetime) -> OrderHistory:
    """Its row in the order's history, but for the event's id."""
    return OrderHistory(
        order=order,
        sequence=order.version,
        type=fact.type,
        old_status=order.status,
        new_status=order.status,
        actor_role=by.role,
        actor_id=by.id,
        reason=fact.reason,
        payload=msgspec.to_builtins(fact),
        at=at,
    )


def _move(
    move: Move,
    order: Order | uuid.UUID | str,
    *,
    by: Actor,
    at: datetime | None = None,
    reason: str = "",
    **data: Any,
) -> Order:
    if not isinstance(order, Order):
        order = lock_order(order)
    old = order.status
    if old not in move.allowed.get(by.role, frozenset()):
        raise IllegalTransition(order, move.target, by)
    order.status = move.target
    record(order, move.event, by=by, old_status=old, at=at, reason=reason, **data)
    return order


def _end_early(order: Order) -> Order:
    send("payments.void", key=str(order.id), order=str(order.id))
    send("delivery.release", key=str(order.id), order=str(order.id))
    return order
