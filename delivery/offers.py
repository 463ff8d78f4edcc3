"""Offers: made, taken, refused, run out, withdrawn.

Locks are taken in one order everywhere: the orders by id, then the courier. An offer's state changes by a
conditional update that must change one row, so of two answers at one instant one finds nothing left to change.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import DateTimeField, Func

from messaging.models.incident import open_incident, resolve_incident
from messaging.outbox import send, transaction_id
from orders.city import CityNow, the_city
from orders.events import OrderEvent
from orders.lifecycle import SYSTEM, Actor, lock_order, record
from orders.models import Order, Status

from . import events
from .locks import lock_courier
from .models import TAKEN, Assignment, Courier, Offer
from .shifts import close_shift

#: An order in these statuses may be offered, and an offer of it taken.
OFFERABLE = frozenset({Status.ACCEPTED, Status.READY})
#: Offers let run out in a row after which a courier counts as away.
TIMEOUTS_IN_A_ROW = 3
#: The incident of an order that courier after courier refuses.
UNDISPATCHED = "undispatched"


class OfferGone(Exception):
    """The offer cannot be answered any more: `code` is taken, expired, withdrawn, declined or accepted."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(_GONE[code])


_GONE = {
    "taken": "another courier has this order now",
    "expired": "the time to answer this offer is over",
    "withdrawn": "this offer was withdrawn",
    "declined": "you declined this offer",
    "accepted": "you took this order already",
}


class Deadline(Func):
    """When an offer made now runs out: a person always has `offer_wall_seconds`, however fast the city's clock runs."""

    template = (
        "(SELECT city_now() + greatest(offer_seconds, offer_wall_seconds * speed) * interval '1 second'"
        " FROM orders_city WHERE id = 1)"
    )
    arity = 0
    output_field = DateTimeField()


@dataclass(frozen=True, slots=True)
class _Held:
    """An offer with its orders and its courier, all locked: nobody else can change any of them now."""

    offer: Offer
    orders: list[Order]
    courier: Courier


def may_be_offered(order: Order) -> bool:
    """Whether couriers may be asked about a locked order: it waits for one, and is not held for review."""
    return order.status in OFFERABLE and order.hold != Order.Hold.HELD


def courier_actor(courier: Courier) -> Actor:
    """The courier as who does something to an order."""
    return Actor("courier", courier.user_id)


@transaction.atomic
def make(*order_ids: uuid.UUID | str, courier_id: int, by: Actor = SYSTEM) -> Offer | None:
    """Offer an order, or a bundle in the sequence of its doors, to one courier.

    None where not all of them are still to be had, or the courier has no room for them.

    Raises:
        IntegrityError: an order has a courier already, or the courier an open offer (`is_lost_race` tells). No
            check before the write could say so for sure; the partial unique indexes do.
    """
    locked = {order.id: order for order in lock_orders(order_ids)}
    orders = [locked[uuid.UUID(str(each))] for each in order_ids]
    courier = lock_courier(courier_id)
    room = Courier.objects.on_shift().with_room(len(orders)).filter(pk=courier.pk)
    if not all(map(may_be_offered, orders)) or not room.exists():
        return None
    offer = Offer.objects.create(courier=courier, made_at=CityNow(), deadline=Deadline())
    offer.refresh_from_db(fields=["made_at", "deadline"])
    for door, order in enumerate(orders):
        attempt = order.assignments.count() + 1
        Assignment.objects.create(offer=offer, order=order, courier=courier, door=door)
        record(
            order,
            events.OfferMade,
            by=by,
            courier_id=courier.pk,
            at=offer.made_at,
            offer_id=str(offer.id),
            deadline=offer.deadline,
            attempt=attempt,
        )
    return offer


@transaction.atomic
def accept(offer_id: uuid.UUID | str, *, courier: Courier) -> Offer:
    """The courier takes it: from here on the order is theirs. Safe to press twice.

    Raises:
        Offer.DoesNotExist: no such offer to this courier.
        OfferGone: it ran out, was withdrawn, or the order is not to be delivered any more.
    """
    held = _lock(offer_id, to=courier)
    if held.offer.state == Offer.State.ACCEPTED:
        return held.offer
    open_still = Offer.objects.filter(pk=held.offer.pk, state=Offer.State.OPEN, deadline__gt=CityNow())
    if open_still.update(state=Offer.State.ACCEPTED, answered_at=CityNow()) != 1:
        raise OfferGone(_why_gone(held))
    # An order may have ended while its release is still on the road; the lock makes its status the truth.
    if any(order.status not in OFFERABLE for order in held.orders):
        raise OfferGone("withdrawn")
    Assignment.objects.filter(offer=held.offer).update(state=Assignment.State.ACTIVE)
    _noticed(held.courier)
    for order in held.orders:
        order.courier_id = held.courier.pk
        record(order, events.CourierAssigned, by=courier_actor(courier), offer_id=str(held.offer.id))
        resolve_incident(UNDISPATCHED, str(order.id))
    held.offer.refresh_from_db()
    return held.offer


@transaction.atomic
def decline(offer_id: uuid.UUID | str, *, courier: Courier) -> Offer:
    """The courier says no; the next one is asked. Safe to press twice.

    Raises:
        Offer.DoesNotExist: no such offer to this courier.
        OfferGone: it was answered otherwise, ran out or was withdrawn.
    """
    held = _lock(offer_id, to=courier)
    if held.offer.state == Offer.State.DECLINED:
        return held.offer
    if not _close(held, Offer.State.DECLINED, events.OfferDeclined, by=courier_actor(courier)):
        raise OfferGone(_why_gone(held))
    _noticed(held.courier)
    _count_refusals(held.orders)
    return held.offer


@transaction.atomic
def expire(offer_id: uuid.UUID | str) -> bool:
    """End an offer whose deadline has passed; False where it was answered first, or its deadline has not passed."""
    held = _lock(offer_id)
    if not _close(held, Offer.State.EXPIRED, events.OfferExpired, by=SYSTEM, deadline__lte=CityNow()):
        return False
    held.courier.timeouts += 1
    held.courier.save(update_fields=["timeouts"])
    if held.courier.timeouts >= TIMEOUTS_IN_A_ROW and held.courier.online:
        close_shift(held.courier, reason="timeouts")
    _count_refusals(held.orders)
    return True


@transaction.atomic
def withdraw(offer_id: uuid.UUID | str, *, by: Actor = SYSTEM, reason: str) -> bool:
    """Take an open offer back, so that its orders can go to somebody else; False where it is not open any more."""
    return _close(_lock(offer_id), Offer.State.WITHDRAWN, events.OfferWithdrawn, by=by, reason=reason)


def is_lost_race(error: Exception) -> bool:
    """Whether an IntegrityError of `make` says that somebody else was quicker, and nothing worse."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return constraint in {"one_courier_an_order", "one_open_offer_a_courier"}


def _lock(offer_id: uuid.UUID | str, *, to: Courier | None = None) -> _Held:
    offers = Offer.objects.all() if to is None else Offer.objects.filter(courier=to)
    courier_id = offers.values_list("courier_id", flat=True).get(pk=offer_id)
    # An offer's orders never change, so they can be read before they are locked.
    orders = lock_orders(Assignment.objects.filter(offer_id=offer_id).values_list("order_id", flat=True))
    courier = lock_courier(courier_id)
    return _Held(offer=Offer.objects.get(pk=offer_id), orders=orders, courier=courier)


def lock_orders(order_ids: Iterable[uuid.UUID | str]) -> list[Order]:
    """Lock by id, whatever the sequence on the road: two bundles that share orders must not wait for each other."""
    return [lock_order(order_id) for order_id in sorted(uuid.UUID(str(each)) for each in order_ids)]


def _close(
    held: _Held, state: Offer.State, event: type[OrderEvent], *, by: Actor, reason: str = "", **where: CityNow
) -> bool:
    """End an open offer without a courier, and have its orders' zones dispatched again."""
    closed = Offer.objects.filter(pk=held.offer.pk, state=Offer.State.OPEN, **where).update(
        state=state, answered_at=CityNow()
    )
    if closed != 1:
        return False
    Assignment.objects.filter(offer=held.offer).update(state=Assignment.State.ENDED)
    for order in held.orders:
        record(order, event, by=by, reason=reason, courier_id=held.courier.pk, offer_id=str(held.offer.id))
    for zone in sorted({held.courier.zone_id, *(order.zone for order in held.orders)}):
        send("delivery.dispatch_zone", key=zone, zone=zone, since=transaction_id())
    held.offer.refresh_from_db()
    return True


def _why_gone(held: _Held) -> str:
    others = Assignment.objects.filter(order__in=held.orders, state__in=TAKEN).exclude(courier=held.courier)
    if others.filter(offer__state=Offer.State.ACCEPTED).exists():
        return "taken"
    if held.offer.state == Offer.State.OPEN:
        return "expired"
    return held.offer.state


def _noticed(courier: Courier) -> None:
    """They answered, so they are there."""
    if courier.timeouts:
        courier.timeouts = 0
        courier.save(update_fields=["timeouts"])


def _count_refusals(orders: list[Order]) -> None:
    limit = the_city().max_offers
    refused = (Offer.State.DECLINED, Offer.State.EXPIRED)
    for order in orders:
        tries = order.assignments.filter(offer__state__in=refused).count()
        if tries >= limit and order.status in OFFERABLE:
            open_incident(
                UNDISPATCHED, str(order.id), f"order {order.number} in {order.zone}: {tries} offers, no courier took it"
            )
