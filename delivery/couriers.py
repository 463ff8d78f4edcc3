"""What a courier does: come and go, pick up, deliver; and what happens to them when an order ends."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from messaging.models.incident import resolve_incident
from messaging.outbox import send, transaction_id
from orders import lifecycle
from orders.city import CityNow, city_now
from orders.lifecycle import SYSTEM, lock_order, record
from orders.models import Order, Status

from . import offers
from .events import CourierReleased
from .locks import lock_courier
from .models import HELD, Assignment, Courier, Offer
from .offers import courier_actor
from .shifts import close_shift, open_shift

#: The incident of an order whose dispatch failed for a reason of its own; it is left out of rounds while open.
SET_ASIDE = "set_aside"


class StillCarrying(Exception):
    """A courier with an order to deliver cannot leave."""


class JobReleased(Exception):
    """The order is not this courier's any more."""


@transaction.atomic
def go_online(courier_id: int, *, latitude: float, longitude: float, until: datetime | None = None) -> Courier:
    """Start a shift where the courier stands (degrees); `until` is its planned end, city time.

    Pressed again while on shift, it only corrects place and end.
    """
    courier = lock_courier(courier_id)
    if courier.online:
        courier.shifts.filter(ended_at=None).update(until=until)
    else:
        open_shift(courier, until=until)
    _stand_at(courier, latitude, longitude)
    _dispatch(courier.zone_id)
    return courier


def go_offline(courier_id: int, *, reason: str = "chosen", carrying: bool = False) -> Courier:
    """End the shift; an open offer goes on to the next courier. Safe to press twice.

    With `carrying` an order in hand is no hindrance and stays theirs: nothing more is offered to them.

    Raises:
        StillCarrying: there is an order to deliver first.
    """
    while True:
        asked = Offer.objects.filter(courier_id=courier_id, state=Offer.State.OPEN).values_list("pk", flat=True).first()
        with transaction.atomic():
            # Before the courier's lock: an offer's orders are always locked first.
            if asked is not None:
                offers.withdraw(asked, by=SYSTEM, reason="courier_offline")
            courier = lock_courier(courier_id)
            held = set(courier.assignments.filter(state__in=HELD).values_list("state", flat=True))
            if Assignment.State.ACTIVE in held and not carrying:
                # Rolls the withdrawal back too: nothing has happened.
                raise StillCarrying(f"{courier.name} carries an order: deliver it first")
            if Assignment.State.OFFERED not in held:
                if courier.online:
                    close_shift(courier, reason=reason)
                return courier
        # A round offered another order between the look and the lock: take that one back as well.


@transaction.atomic
def pick_up(order_id: uuid.UUID | str, *, courier: Courier, pressed_at: datetime | None = None) -> Order:
    """The courier has the order in their hands. Safe to press twice.

    `pressed_at` (city time) is what their phone says of a press that arrives late; it is believed within reason.

    Raises:
        Assignment.DoesNotExist: this courier never took this order.
        JobReleased: it was taken from them.
        IllegalTransition: it is not ready, or has ended.
    """
    order, locked, _ = _lock_job(order_id, courier)
    if order.status in {Status.PICKED_UP, Status.DELIVERED}:
        return order
    at = _believed(order, pressed_at)
    order = lifecycle.pick_up(order.id, by=courier_actor(courier), at=at)
    _stand_at(locked, order.restaurant.latitude, order.restaurant.longitude, since=at)
    return order


def deliver(
    order_id: uuid.UUID | str, *, courier: Courier, door_code: str = "", pressed_at: datetime | None = None
) -> Order:
    """The order is at its door; the courier is free for another. Safe to press twice. `pressed_at` as for `pick_up`.

    Raises: as `pick_up`; WrongDoorCode where the customer asked for a code and this is another.
    """
    try:
        return _deliver(order_id, courier=courier, door_code=door_code, pressed_at=pressed_at)
    except lifecycle.WrongDoorCode as wrong:
        if door_code:
            # After the refusal has rolled everything else back: a try that is not counted could be made for ever.
            Order.objects.filter(pk=wrong.order_id).update(door_tries=F("door_tries") + 1)
        raise


@transaction.atomic
def _deliver(order_id: uuid.UUID | str, *, courier: Courier, door_code: str, pressed_at: datetime | None) -> Order:
    order, locked, job = _lock_job(order_id, courier)
    if order.status == Status.DELIVERED:
        return order
    at = _believed(order, pressed_at)
    order = lifecycle.deliver(order.id, by=courier_actor(courier), door_code=door_code, at=at)
    _finish(job, Assignment.State.COMPLETED)
    _stand_at(locked, order.address.latitude, order.address.longitude, since=at)
    _dispatch(locked.zone_id)
    return order


def release(order_id: uuid.UUID | str) -> bool:
    """Let go of the courier of an order that has ended; False where there was nothing to let go of.

    An order that lives on is left alone, so this may be called at any time and any number of times. A bundle that is
    only offered is taken back whole, and its other orders wait again; of one that was taken the courier keeps the rest.
    """
    while (released := _release(order_id)) is None:
        # Between the look and the locks it was offered anew, together with others: look again.
        continue
    return released


@transaction.atomic
def _release(order_id: uuid.UUID | str) -> bool | None:
    # All orders of an offer are locked by id, so which they are must be known before the first lock.
    pk = uuid.UUID(str(order_id))
    asked = Assignment.objects.filter(order=pk, state=Assignment.State.OFFERED).values("offer")
    together = set(Assignment.objects.filter(offer__in=asked).values_list("order_id", flat=True))
    locked = {order.id: order for order in offers.lock_orders({pk, *together})}
    order = locked[pk]
    if not order.is_final:
        return False
    job = Assignment.objects.filter(order=order, state__in=HELD).first()
    offered = job.offer if job is not None and job.state == Assignment.State.OFFERED else None
    if offered is not None and not set(offered.assignments.values_list("order_id", flat=True)) <= locked.keys():
        return None
    resolve_incident(offers.UNDISPATCHED, str(order.id))
    resolve_incident(SET_ASIDE, str(order.id))
    if job is None:
        return False
    if offered is not None:
        return offers.withdraw(offered.pk, by=SYSTEM, reason="order_ended")
    courier = lock_courier(job.courier_id)
    _finish(job, Assignment.State.ENDED)
    order.courier_id = None
    record(order, CourierReleased, by=SYSTEM, reason="order_ended", courier_id=courier.pk)
    _dispatch(courier.zone_id)
    return True


def _lock_job(order_id: uuid.UUID | str, courier: Courier) -> tuple[Order, Courier, Assignment]:
    # Asked before the lock: nobody may hold up the orders of others by pressing buttons.
    taken = Assignment.objects.filter(order_id=order_id, courier=courier, offer__state=Offer.State.ACCEPTED)
    if not taken.exists():
        raise Assignment.DoesNotExist(f"order {order_id} is not {courier.name}'s")
    order = lock_order(order_id)
    locked = lock_courier(courier.pk)
    job = taken.order_by("-pk")[0]
    if job.state == Assignment.State.ENDED:
        raise JobReleased(f"order {order.number} is not yours any more")
    return order, locked, job


def _finish(job: Assignment, state: Assignment.State) -> None:
    changed = Assignment.objects.filter(pk=job.pk, state=Assignment.State.ACTIVE).update(state=state)
    if changed != 1:
        raise JobReleased(f"assignment {job.pk} is not active")


def _believed(order: Order, pressed_at: datetime | None) -> datetime | None:
    """When a late press counts: as the phone says, but not before the order's latest fact, and not in the future.

    A phone's clock errs, and its owner is paid by what it says.
    """
    if pressed_at is None:
        return None
    latest = order.history.order_by("-sequence").values_list("at", flat=True).first()
    return min(city_now(), pressed_at if latest is None else max(pressed_at, latest))


def _stand_at(courier: Courier, latitude: float, longitude: float, *, since: datetime | None = None) -> None:
    """They are there; of a place where they stood `since` then, nothing is written that is older than what is known."""
    if since is not None and courier.position_at is not None and courier.position_at > since:
        return
    courier.latitude, courier.longitude = latitude, longitude
    Courier.objects.filter(pk=courier.pk).update(
        latitude=latitude, longitude=longitude, position_at=CityNow(), heard_at=Now()
    )


def _dispatch(zone: str) -> None:
    send("delivery.dispatch_zone", key=zone, zone=zone, since=transaction_id())
