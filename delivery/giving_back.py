"""A courier who took an order and cannot go on with it.

What is not picked up goes back at once, as if an operator had taken it: it waits again, and another courier is asked.
What is in the bag cannot be given back by pressing a button, for somebody must come for it: it stays theirs, and an
operator is called, who gives it to another courier, calls it off, or says to go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from messaging.models import Incident
from messaging.models.incident import open_incident, resolve_incident
from orders.models import Order, Status

from . import couriers, handover
from .handover import Held
from .models import Assignment, Courier, Offer
from .offers import courier_actor

#: The incident of a courier who stands there with an order and cannot bring it.
STUCK = "courier_stuck"

#: Why, before the order is picked up and after. Codes: a reason goes to Kafka, where nothing personal may go.
BEFORE = {
    "vehicle_trouble": "My vehicle does not go on",
    "unwell": "I am unwell, or had an accident",
    "kitchen_waits": "It takes too long at the restaurant",
    "counter_closed": "The restaurant is closed, or not to be found",
    "too_much": "It does not fit into my bag",
}
AFTER = {
    "nobody_opens": "Nobody opens, and nobody answers",
    "door_not_found": "The door is not to be found",
    "spoilt": "The food is spilt or spoilt",
    "vehicle_trouble": "My vehicle does not go on",
    "unwell": "I am unwell, or had an accident",
}
WORDS = BEFORE | AFTER
#: With these a courier brings nothing else either: all their orders are meant, and the shift ends.
UNFIT = frozenset({"vehicle_trouble", "unwell"})


class NoSuchReason(ValueError):
    """The reason is none of those that can be chosen."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """`outcome` is back (another courier is asked), told (an operator is), or gone (it was not theirs any more)."""

    order: Order
    outcome: str


def cannot_go_on(order_id: uuid.UUID | str, *, courier: Courier, reason: str) -> list[GivenBack]:
    """Give the order back, or call for help; of all their orders where the reason makes them `UNFIT`, this one first.

    Safe to press twice.

    Raises:
        Assignment.DoesNotExist: this courier never took this order.
        NoSuchReason: it is none of `WORDS`.
    """
    if reason not in WORDS:
        raise NoSuchReason("Say why: choose a reason.")
    taken = Assignment.objects.filter(courier=courier, offer__state=Offer.State.ACCEPTED)
    if not taken.filter(order_id=order_id).exists():
        raise Assignment.DoesNotExist(f"order {order_id} is not {courier.name}'s")
    wanted = [uuid.UUID(str(order_id))]
    if reason in UNFIT:
        active = taken.filter(state=Assignment.State.ACTIVE).exclude(order_id=order_id)
        wanted += active.order_by("pk").values_list("order", flat=True)
    given = [handover.locked(each, {courier.pk}, _verb(courier, reason)) for each in wanted]
    if reason in UNFIT:
        couriers.go_offline(courier.pk, carrying=True)
    return given


def helped(orders: list[Order]) -> set[str]:
    """Those of the orders (ids as text) about which an operator was called and is not done."""
    subjects = [str(order.pk) for order in orders]
    open_ones = Incident.objects.open().filter(kind=STUCK, subject__in=subjects)
    return set(open_ones.values_list("subject", flat=True)) if subjects else set()


def settle_stuck() -> int:
    """Close the incidents of couriers who are rid of the order: it was brought, ended, or went to somebody else."""
    still = Assignment.objects.filter(
        state=Assignment.State.ACTIVE, order__status=Status.PICKED_UP, created_at__lte=OuterRef("opened_at")
    ).annotate(subject=Cast("order", CharField()))
    settled = Incident.objects.open().filter(kind=STUCK).exclude(Exists(still.filter(subject=OuterRef("subject"))))
    return sum(resolve_incident(STUCK, subject) for subject in settled.values_list("subject", flat=True))


def _verb(courier: Courier, reason: str) -> Callable[[Held], GivenBack]:
    """For `handover.locked`, which holds the order's lock and the courier's."""

    def give(held: Held) -> GivenBack:
        order, job = held.order, held.job
        if job is None or job.courier_id != courier.pk or job.state != Assignment.State.ACTIVE or order.is_final:
            return GivenBack(order, "gone")
        if order.status != Status.PICKED_UP:
            handover.release(order, job, held.couriers[courier.pk], by=courier_actor(courier), reason=reason)
            return GivenBack(order, "back")
        told = f"order {order.number} in {order.zone}: {courier.name} has it and cannot go on: {WORDS[reason].lower()}"
        open_incident(STUCK, str(order.pk), told)
        return GivenBack(order, "told")

    return give
