"""Rounds: a zone's waiting orders are planned over its couriers, and who must leave now is made an offer.

A command says only that a zone has work. It counts `requested` up, commits, and tries the zone's lock without
waiting: whoever holds it does the work, and looks at `requested` again after letting go. So no call is lost, and no
worker waits for another.

The zone's lock only keeps rounds from doing each other's work twice. That an order gets one courier, and a courier
no more than they can carry, is the offers' business, and holds with any number of rounds at a time.

While orders wait the plan is looked at each city minute, and when its next courier must leave: a round writes down
when (`Zone.due_at`), and the sweeper calls.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import BooleanField, F, Func, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from messaging.models.incident import open_incident
from messaging.outbox import send
from orders.city import CityAfter, the_city
from orders.models import City

from . import offers, selectors, snapshot, together
from .couriers import SET_ASIDE
from .locks import advisory_lock
from .models import Plan, Zone
from .planning import POLICIES, Job, Policy

logger = logging.getLogger(__name__)

#: City minutes from one look at a plan to the next, at most and at least.
LOOK_AGAIN, LOOK_NO_SOONER = 1.0, 0.25
#: Wall seconds between two rounds that nobody called for: however fast the city's clock runs.
BREATH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: offers made; jobs found impossible by the time of the offer; orders set aside."""

    made: int = 0
    skipped: int = 0
    set_aside: int = 0

    def __add__(self, other: Round) -> Round:
        return Round(self.made + other.made, self.skipped + other.skipped, self.set_aside + other.set_aside)


def dispatch(zone: str, *, since: str = "", policy: Policy | None = None) -> list[Round]:
    """Ask for a round of the zone, and run rounds until none is owed; empty where another is at it.

    `since` is the transaction that made work. A round that looked after its commit has answered this call already.

    Raises:
        Zone.DoesNotExist: no such zone.
        OperationalError: the database failed in the middle; the zone still counts as not served.
    """
    if since and seen(zone, since):
        return []
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


def seen(zone: str, transaction_id: str) -> bool:
    """Whether the zone's last round looked after this transaction's commit."""
    sql = "seen <> '' AND pg_visible_in_snapshot(%s::xid8, nullif(seen, '')::pg_snapshot)"
    visible = RawSQL(sql, [transaction_id], output_field=BooleanField())
    return Zone.objects.filter(visible, pk=zone).exists()


def owed(zone: str) -> bool:
    """Whether a call came that no round has answered."""
    return Zone.objects.filter(pk=zone).exclude(served=F("requested")).exists()


def run_round(zone: str, *, policy: Policy | None = None) -> Round:
    """Look at the zone, plan, make the offers that are due, and store which call this answered.

    `policy` stands in for the one that the settings name.
    """
    # Read before the snapshot: a call that comes after this line gets a round of its own.
    answering, looking = Zone.objects.values_list("requested", _Snapshot()).get(pk=zone)
    city = the_city()
    lead = lead_minutes(city)
    seen = snapshot.take(zone, lead=lead, idle=False)
    for order_id, reason in seen.broken.items():
        _set_aside(order_id, reason)
    policy = policy or POLICIES[settings.DISPATCH_POLICY](0)
    policy.recall(Plan.objects.filter(zone=zone).values_list("memory", flat=True).first() or {})
    made, jobs = together.make(policy.decide(seen.view))
    done = Round(made=made, set_aside=len(seen.broken))
    failure: OperationalError | None = None
    for job in jobs:
        try:
            done += _offer(job)
        except OperationalError as error:
            # The database's trouble, not the order's (a lock held too long, a restart): the others go on.
            logger.warning("no offer of %s: %s", job.orders, error)
            failure = error
    if failure is not None:
        # Not served: the command comes back by itself, and the sweeper sees the difference.
        raise failure
    due_in = _due_in(zone, policy, now=seen.view.now, city=city, missed=done.skipped > 0)
    with transaction.atomic():
        Plan.objects.bulk_create(
            [Plan(zone_id=zone, memory=policy.memory())],
            update_conflicts=True,
            unique_fields=["zone"],
            update_fields=["memory"],
        )
        Zone.objects.filter(pk=zone).update(
            served=answering,
            seen=looking,
            served_at=Now(),
            due_at=None if due_in is None else CityAfter(Value(due_in * 60)),
        )
    return done


class _Snapshot(Func):
    template = "pg_current_snapshot()::text"
    arity = 0
    output_field = TextField()


def _offer(job: Job) -> Round:
    try:
        offer = offers.make(*job.orders, courier_id=int(job.courier))
    except OperationalError:
        raise
    except Exception as error:
        if isinstance(error, IntegrityError) and offers.is_lost_race(error):
            return Round(skipped=1)
        logger.exception("%s cannot be offered", job.orders)
        if len(job.orders) > 1:
            # One of them is broken: apart, only that one fails.
            return sum((_offer(Job(job.courier, (order,))) for order in job.orders), start=Round())
        _set_aside(uuid.UUID(job.orders[0]), f"{type(error).__name__}: {error}")
        return Round(set_aside=1)
    return Round(made=1) if offer else Round(skipped=1)


def lead_minutes(city: City) -> float:
    """City minutes from a round to the moment when the couriers it asks can leave: they must hear of it and answer."""
    lead = (settings.DISPATCH_ANSWER_SECONDS + settings.DISPATCH_LATENCY_SECONDS * city.speed) / 60
    # Who has just rung at a door is asked before they are back on their bike, but nobody much before they leave.
    return float(min(lead, max(city.dropoff_minutes / 2, 0.0)))


def _due_in(zone: str, policy: Policy, *, now: float, city: City, missed: bool) -> float | None:
    """City minutes to the next look, or None where nothing waits. `now` is the moment that was planned for.

    An offer that was `missed`, as somebody was quicker with its courier, is planned anew as soon as may be.
    """
    if not selectors.dispatchable(zone).exists():
        return None
    next_departure = policy.due_at()
    soonest = max(LOOK_NO_SOONER, BREATH_SECONDS * city.speed / 60)
    if missed:
        return soonest
    latest = max(LOOK_AGAIN, soonest)
    return latest if next_departure is None else min(latest, max(soonest, next_departure - now))


def _set_aside(order_id: uuid.UUID, reason: str) -> None:
    """Leave the order out of rounds until somebody resolves the incident; its zone goes on."""
    try:
        open_incident(SET_ASIDE, str(order_id), f"order {order_id} cannot be dispatched: {reason}")
    except DatabaseError:
        logger.exception("the incident of order %s could not be opened", order_id)
