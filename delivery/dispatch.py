"""Rounds: a zone's waiting orders are offered to its free couriers.

A command says only that a zone has work. It counts `requested` up, commits, and tries the zone's lock without
waiting: whoever holds it does the work, and looks at `requested` again after letting go. So no call is lost, and no
worker waits for another.

The zone's lock only keeps rounds from doing each other's work twice. That an order gets one courier, and a courier
no more than they can carry, is the offers' business, and holds with any number of rounds at a time.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from messaging.models.incident import open_incident
from messaging.outbox import send

from . import assignment, offers, snapshot
from .couriers import SET_ASIDE
from .locks import advisory_lock
from .models import Zone

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: offers made; pairs found taken by the time of the offer; orders set aside."""

    made: int = 0
    skipped: int = 0
    set_aside: int = 0


def dispatch(zone: str, *, policy: assignment.Policy = assignment.linear) -> list[Round]:
    """Ask for a round of the zone, and run rounds until none is owed; empty where another is at it.

    Raises:
        Zone.DoesNotExist: no such zone.
        OperationalError: the database failed in the middle; the zone still counts as not served.
    """
    request(zone)
    deadline = time.monotonic() + settings.TASK_LIMIT_SECONDS / 2
    rounds: list[Round] = []
    while owed(zone):
        if time.monotonic() > deadline:
            # A zone this busy must not keep one message for ever: hand the rest on.
            with transaction.atomic():
                send("delivery.dispatch_zone", key=zone, zone=zone)
            break
        with advisory_lock(f"dispatch:{zone}") as held:
            if not held:
                break
            rounds.append(run_round(zone, policy=policy))
    return rounds


def request(zone: str) -> None:
    """Count a call for a round, committed before anybody looks whether it is needed."""
    if Zone.objects.filter(pk=zone).update(requested=F("requested") + 1) != 1:
        raise Zone.DoesNotExist(f"there is no zone {zone!r}")


def owed(zone: str) -> bool:
    """Whether a call came that no round has answered."""
    return Zone.objects.filter(pk=zone).exclude(served=F("requested")).exists()


def run_round(zone: str, *, policy: assignment.Policy = assignment.linear) -> Round:
    """Look at the zone, solve, make the offers, and store which call this answered."""
    # Read before the snapshot: a call that comes after this line gets a round of its own.
    answering = Zone.objects.values_list("requested", flat=True).get(pk=zone)
    seen = snapshot.take(zone)
    for order_id, reason in seen.broken.items():
        _set_aside(order_id, reason)
    made = skipped = 0
    set_aside = len(seen.broken)
    failure: OperationalError | None = None
    for row, column in policy(seen.problem):
        order_id, courier_id = seen.orders[row], seen.couriers[column]
        try:
            offer = offers.make(order_id, courier_id=courier_id)
        except OperationalError as error:
            # The database's trouble, not the order's (a lock held too long, a restart): the others go on.
            logger.warning("no offer of order %s: %s", order_id, error)
            failure = error
            continue
        except Exception as error:
            if isinstance(error, IntegrityError) and offers.is_lost_race(error):
                offer = None
            else:
                logger.exception("order %s cannot be offered", order_id)
                _set_aside(order_id, f"{type(error).__name__}: {error}")
                set_aside += 1
                continue
        made, skipped = (made + 1, skipped) if offer else (made, skipped + 1)
    if failure is not None:
        # Not served: the command comes back by itself, and the sweeper sees the difference.
        raise failure
    Zone.objects.filter(pk=zone).update(served=answering, served_at=Now())
    return Round(made=made, skipped=skipped, set_aside=set_aside)


def _set_aside(order_id: uuid.UUID, reason: str) -> None:
    """Leave the order out of rounds until somebody resolves the incident; its zone goes on."""
    try:
        open_incident(SET_ASIDE, str(order_id), f"order {order_id} cannot be dispatched: {reason}")
    except DatabaseError:
        logger.exception("the incident of order %s could not be opened", order_id)
