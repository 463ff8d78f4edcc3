"""What an operator does about an order's courier: give it to one, to another instead, or take it back.

Each verb is one transaction under the locks that every verb here takes in one sequence: the orders by id, then the
couriers by id. Each says what the operator saw and changes only that; an order that has moved meanwhile is refused,
not overrun, so of two operators at one instant one is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction

from messaging.models.incident import resolve_incident
from messaging.outbox import send
from orders.city import CityNow
from orders.lifecycle import Actor, lock_order, record
from orders.models import Order, Status

from . import offers
from .couriers import SET_ASIDE
from .events import CourierAssigned, CourierReleased
from .locks import lock_courier
from .models import HELD, Assignment, Courier, Offer
from .offers import OFFERABLE, UNDISPATCHED
from .silence import SILENT

T = TypeVar("T")

#: Why an operator steps in. Codes and no free text: the reason goes to Kafka, where nothing personal may go.
REASONS = {
    "courier_silent": "The courier does not answer",
    "courier_asked": "The courier asked for it",
    "vehicle_trouble": "Trouble with the vehicle",
    "better_placed": "Another courier is better placed",
    "customer_waits": "The customer waits too long",
    "restaurant_asked": "The restaurant asked for it",
}

#: Those that lie with the courier: they are not asked about that order again for a while.
UNABLE = frozenset({"courier_silent", "courier_asked", "vehicle_trouble"})

_REFUSALS = {
    "taken": "a courier has this order now",
    "moved": "it is not with that courier any more",
    "ended": "the order is not one to deliver any more",
    "in_hands": "the courier has picked it up: give it to another courier, or cancel it",
    "offline": "that courier is offline",
    "no_room": "that courier has as many orders, or offers, as they can carry",
    "same": "that courier has it already",
    "held": "it is held until a reviewer has looked at it",
}


class HandoverRefused(Exception):
    """Nothing was changed: `code` is taken, moved, ended, in_hands, offline, no_room, same or held."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(_REFUSALS[code])


@dataclass(slots=True)
class Held:
    """An order, its assignment if it is with somebody, and the couriers concerned, all locked."""

    order: Order
    job: Assignment | None
    couriers: dict[int, Courier]


def assign(order_id: uuid.UUID | str, *, to: int, by: Actor, reason: str) -> Assignment:
    """Give a waiting order to a courier (by id) without asking; an open offer of it is withdrawn. Safe to press twice.

    Raises:
        Order.DoesNotExist, Courier.DoesNotExist: no such one.
        HandoverRefused: taken, ended, held, offline or no_room.
    """

    def give(held: Held) -> Assignment:
        job = held.job
        if job is not None and job.state == Assignment.State.ACTIVE:
            if job.courier_id == to:
                return job
            raise HandoverRefused("taken")
        if held.order.status not in OFFERABLE:
            raise HandoverRefused("ended")
        if held.order.hold == Order.Hold.HELD:
            raise HandoverRefused("held")
        if job is not None:
            _withdraw_offer(job, by=by, reason=reason)
        return _give(held.order.pk, held.couriers[to], by=by, reason=reason)

    return locked(order_id, {to}, give)


def reassign(order_id: uuid.UUID | str, *, held_by: int, to: int, by: Actor, reason: str) -> Assignment:
    """Take an order from the courier who has it and give it to another (by id), even once it is picked up.

    Raises:
        Order.DoesNotExist, Courier.DoesNotExist: no such one.
        HandoverRefused: moved, ended, offline, no_room or same.
    """

    def change(held: Held) -> Assignment:
        job = _expect(held, held_by, Assignment.State.ACTIVE)
        if to == held_by:
            raise HandoverRefused("same")
        release(held.order, job, held.couriers[held_by], by=by, reason=reason)
        return _give(held.order.pk, held.couriers[to], by=by, reason=reason)

    return locked(order_id, {to}, change)


def withdraw(order_id: uuid.UUID | str, *, held_by: int, by: Actor, reason: str) -> None:
    """Take an order back from the courier (by id) it is offered to or with; it waits for another.

    A bundle that is only offered is taken back whole; of one that was taken the courier keeps the rest.

    Raises:
        Order.DoesNotExist: no such order.
        HandoverRefused: moved, ended or in_hands.
    """

    def take(held: Held) -> None:
        job = _expect(held, held_by, *HELD)
        if job.state == Assignment.State.OFFERED:
            _withdraw_offer(job, by=by, reason=reason)
            return
        if held.order.status == Status.PICKED_UP:
            raise HandoverRefused("in_hands")
        release(held.order, job, held.couriers[held_by], by=by, reason=reason)

    locked(order_id, set(), take)


def locked(order_id: uuid.UUID | str, couriers: set[int], verb: Callable[[Held], T]) -> T:
    """Call a verb under the locks of an order, of those offered together with it, and of all couriers concerned.

    Raises:
        Order.DoesNotExist, Courier.DoesNotExist: no such one.
    """
    while True:
        with transaction.atomic():
            held = _lock(uuid.UUID(str(order_id)), couriers)
            if held is not None:
                return verb(held)
        # Between the look and the locks the order was offered together with others: look again.


def _lock(pk: uuid.UUID, couriers: set[int]) -> Held | None:
    # Orders are locked by id, so which others share its open offer must be known before the first lock.
    asked = Assignment.objects.filter(order=pk, state=Assignment.State.OFFERED).values("offer")
    together = set(Assignment.objects.filter(offer__in=asked).values_list("order_id", flat=True))
    locked = {order.pk: order for order in offers.lock_orders({pk, *together})}
    job = Assignment.objects.filter(order=pk, state__in=HELD).select_related("offer").first()
    offer = job.offer if job is not None and job.state == Assignment.State.OFFERED else None
    if offer is not None and not set(offer.assignments.values_list("order_id", flat=True)) <= locked.keys():
        return None
    concerned = couriers if job is None else {*couriers, job.courier_id}
    return Held(order=locked[pk], job=job, couriers={each: lock_courier(each) for each in sorted(concerned)})


def _expect(held: Held, courier_id: int, *states: Assignment.State) -> Assignment:
    job = held.job
    if job is None or job.courier_id != courier_id or job.state not in states:
        raise HandoverRefused("moved")
    if held.order.is_final:
        raise HandoverRefused("ended")
    return job


def _withdraw_offer(job: Assignment, *, by: Actor, reason: str) -> None:
    if not offers.withdraw(job.offer_id, by=by, reason=reason):
        raise HandoverRefused("moved")


def release(order: Order, job: Assignment, courier: Courier, *, by: Actor, reason: str) -> None:
    """Take a locked order from the locked courier who has it. Raises HandoverRefused: they have it no more."""
    active = Assignment.objects.filter(pk=job.pk, state=Assignment.State.ACTIVE)
    if active.update(state=Assignment.State.ENDED) != 1:
        raise HandoverRefused("moved")
    order.courier_id = None
    record(order, CourierReleased, by=by, reason=reason, courier_id=courier.pk)
    resolve_incident(SILENT, str(order.pk))
    for zone in sorted({order.zone, courier.zone_id}):
        send("delivery.dispatch_zone", key=zone, zone=zone)


def _give(order_id: uuid.UUID, courier: Courier, *, by: Actor, reason: str) -> Assignment:
    # Read again: taking it from somebody has written facts of it, with versions of their own.
    order = lock_order(order_id)
    if not courier.online:
        raise HandoverRefused("offline")
    if not Courier.objects.with_room().filter(pk=courier.pk).exists():
        raise HandoverRefused("no_room")
    offer = Offer.objects.create(
        courier=courier, state=Offer.State.ACCEPTED, made_at=CityNow(), deadline=CityNow(), answered_at=CityNow()
    )
    job = Assignment.objects.create(offer=offer, order=order, courier=courier, state=Assignment.State.ACTIVE)
    order.courier_id = courier.pk
    record(order, CourierAssigned, by=by, reason=reason, offer_id=str(offer.pk))
    for kind in (UNDISPATCHED, SET_ASIDE):
        resolve_incident(kind, str(order.pk))
    return job
