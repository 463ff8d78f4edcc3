"""What nobody was told to do: the second look, once a second, at everything that must not be forgotten.

A command that SQS lost, an offer that ran out, an order nobody takes: the database knows of each, so each duty is a
query and a verb that may be called any number of times. Deadlines of the city are compared in SQL by the city's clock;
patience with the roads is wall time.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from messaging.outbox import send
from messaging.pruning import prune
from messaging.relay.backlog import watch_all
from orders import lifecycle, timeouts
from orders.city import CityAfter, CityNow, the_city
from orders.lifecycle import SYSTEM, IllegalTransition, lock_order
from orders.models import FINAL, Order, OrderHistory
from orders.payments import reminders

from . import couriers, offers
from .models import HELD, TAKEN, Assignment, Courier, Offer, Zone
from .selectors import waiting

logger = logging.getLogger(__name__)

#: Rows a duty takes at a time, so that a flood of one kind does not hold up the others.
BATCH = 200
#: A command has this long (wall time) to arrive before its work counts as forgotten …
FORGOTTEN = timedelta(seconds=4)
#: … and this long while an earlier reminder may still be on its way: a long queue must not be made longer.
REMINDED = timedelta(seconds=30)
#: The same for a payment, whose gateway may be slow.
PAYMENT_FORGOTTEN = reminders.FORGOTTEN

#: However fast the city's clock runs, an order waits at least this long (wall seconds) for a courier: an outage of a
#: minute must not end it.
LEAST_WAIT_SECONDS = 60.0

#: A held order's customer must not starve while no reviewer comes: after so many city minutes it is given up.
REVIEW_MINUTES = 45.0

T = TypeVar("T")


def expire_offers() -> int:
    """End the offers whose deadline has passed."""
    late = Offer.objects.filter(state=Offer.State.OPEN, deadline__lte=CityNow()).order_by("deadline")
    return each_alone(offers.expire, late.values_list("pk", flat=True)[:BATCH])


def release_ended() -> int:
    """Let couriers go whose order has ended, where the command that should have done it did not arrive."""
    fresh = OrderHistory.objects.filter(order=OuterRef("order"), recorded_at__gt=Now() - FORGOTTEN)
    held = Assignment.objects.filter(state__in=HELD, order__status__in=FINAL).exclude(Exists(fresh))
    return each_alone(couriers.release, held.values_list("order", flat=True)[:BATCH])


def begin_rounds() -> int:
    """Call for the rounds whose time has come: a plan is looked at again when its next courier must leave."""
    begun = 0
    due = Zone.objects.filter(due_at__lte=CityNow())
    for zone in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            # The round that answers sets the next time; should this call be lost, `wake_zones` finds out.
            if due.filter(pk=zone).update(due_at=None) == 1:
                send("delivery.dispatch_zone", key=zone, zone=zone)
                begun += 1
    return begun


def wake_zones() -> int:
    """Call for a round in zones whose orders nobody looks after.

    An order waits, no round is due, and either a call was not answered or a courier is free.
    """
    orders = waiting().filter(zone=OuterRef("pk")).exclude(hold=Order.Hold.HELD)
    free = Courier.objects.free().filter(zone=OuterRef("pk")).values("pk")
    quiet = Q(served_at=None) | Q(served_at__lt=Now() - FORGOTTEN)
    reminder_answered = Q(served_at__gte=F("nudged_at")) & Q(nudged_at__lt=Now() - FORGOTTEN)
    unreminded = Q(nudged_at=None) | reminder_answered | Q(nudged_at__lt=Now() - REMINDED)
    nothing_due = ~Q(requested=F("served")) | Q(Exists(free), due_at=None)
    due = Zone.objects.filter(quiet, unreminded, nothing_due, Exists(orders))
    woken = 0
    for zone in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            if Zone.objects.filter(unreminded, pk=zone).update(nudged_at=Now()) == 1:
                send("delivery.dispatch_zone", key=zone, zone=zone)
                woken += 1
    return woken


def give_up_undeliverable() -> int:
    """Give orders up that have waited for a courier, or held for a reviewer, longer than the city allows."""
    city = the_city()
    least = LEAST_WAIT_SECONDS * city.speed
    patience = max(city.undeliverable_minutes * 60, least)
    unreviewed = Q(hold=Order.Hold.HELD, accepted_at__lt=CityAfter(-max(REVIEW_MINUTES * 60, least)))
    late = waiting().filter(Q(accepted_at__lt=CityAfter(-patience)) | unreviewed).order_by("accepted_at")
    return each_alone(_give_up, late.values_list("pk", flat=True)[:BATCH])


def reject_unconfirmed() -> int:
    """Reject orders that their restaurant did not answer in time."""
    return timeouts.reject_unconfirmed()


def remind_payments() -> int:
    """Owe the payments queue again what it has had no answer for: authorise, capture, void, refund."""
    return reminders.remind_payments()


def drain_dead_letters() -> int:
    """Copy what SQS has given up into the table where people look."""
    # Imported late: only this duty needs SQS's client, and `--duty` may leave it out.
    from messaging.deadletters import drain_dead_letter_queues

    return drain_dead_letter_queues()


def watch_outbox() -> int:
    """Tell of an outbox that does not drain: a relay that is not running cannot."""
    return watch_all()


def prune_records() -> int:
    """Remove records that are old enough to be of no more use."""
    return prune()


def each_alone(verb: Callable[[T], object], subjects: Iterable[T]) -> int:
    """Call a verb on each, in a transaction of its own; how many it changed. A broken one holds up no other."""
    changed = 0
    for subject in list(subjects):
        try:
            changed += bool(verb(subject))
        except OperationalError:
            raise
        except Exception:
            logger.exception("sweep: %s(%s) failed", getattr(verb, "__name__", verb), subject)
    return changed


@transaction.atomic
def _give_up(order_id: uuid.UUID) -> bool:
    order: Order = lock_order(order_id)
    if Assignment.objects.filter(order=order, state__in=TAKEN).exists():
        return False
    try:
        # A hold that nobody reviewed ends here, too: the customer's money is let go.
        held = order.hold == Order.Hold.HELD
        lifecycle.give_up(order.id, by=SYSTEM, reason="held_for_review" if held else "no_courier")
    except IllegalTransition:
        return False
    return True
