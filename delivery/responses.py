"""What delivery does by itself about an incident: call the next courier."""

from __future__ import annotations

import uuid

from django.db import IntegrityError

from messaging.alerting.responding import response
from messaging.models import Incident
from messaging.outbox import send
from orders.lifecycle import SYSTEM
from orders.models import Order, Status

from . import handover, offers, why
from .models import Assignment
from .silence import SILENT

#: Who was asked about the order and would not, or was taken off it: the next one is somebody else.
HAD_THEIR_TURN = frozenset({"declined", "timed_out", "taken_back", "asked", "has_it"})
#: Couriers that are tried; each may have been taken by a round in the same moment.
TRIES = 3


@response("alerts.call_next_courier")
def call_next_courier(incident: Incident) -> str:
    """Ask the next courier: of an order that nobody takes, and of one whose courier does not come for it."""
    order_id = _id(incident.subject)
    order = None if order_id is None else Order.objects.filter(pk=order_id).first()
    if order is None:
        return "there is no such order"
    job = Assignment.objects.filter(order=order, state=Assignment.State.ACTIVE).select_related("courier").first()
    if incident.kind == SILENT:
        return _take_back(order, job)
    if job is not None or order.status not in offers.OFFERABLE:
        return "it has a courier, or needs none any more"
    return _ask_next(order)


def _take_back(order: Order, job: Assignment | None) -> str:
    if job is None:
        return "no courier has it any more"
    if order.status == Status.PICKED_UP:
        return f"{job.courier.name} has it in their hands: telephone"
    try:
        handover.withdraw(order.pk, held_by=job.courier_id, by=SYSTEM, reason="courier_silent")
    except handover.HandoverRefused as refused:
        return f"left with {job.courier.name}: {refused}"
    return f"taken back from {job.courier.name}; the next round asks another courier"


def _ask_next(order: Order) -> str:
    free = [each for each in why.candidates(order) if each.can_take and each.score and each.why not in HAD_THEIR_TURN]
    for candidate in free[:TRIES]:
        try:
            offer = offers.make(order.pk, courier_id=candidate.courier.pk)
        except IntegrityError as error:
            if not offers.is_lost_race(error):
                raise
            continue
        if offer is not None:
            return f"asked {candidate.courier.name}"
    send("delivery.dispatch_zone", key=order.zone, zone=order.zone)
    return "no other courier could be asked; a round was called for"


def _id(subject: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(subject)
    except ValueError:
        return None
