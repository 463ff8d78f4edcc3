"""Reading what delivery knows: for rounds, for pages, for the sweeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from messaging.models import Incident
from orders.city import CityNow
from orders.models import City, Order, OrderHistory

from .couriers import SET_ASIDE
from .handover import UNABLE
from .models import HELD, TAKEN, Assignment, Courier, Offer, Zone
from .offers import OFFERABLE

#: City time after which a courier who refused an order may be asked again, should it still wait.
ASK_AGAIN_AFTER = timedelta(minutes=5)
#: City time between two tries of an order that was refused `City.max_offers` times.
UNHURRIED = timedelta(minutes=2)

_REFUSED = (Offer.State.DECLINED, Offer.State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who brings an order: `state` is offered, active or completed; the name only once they took it."""

    courier_id: int
    courier_name: str
    state: str
    latitude: float
    longitude: float


def delivery_of(order: Order) -> Delivery | None:
    """The order's delivery as it stands, or None while no courier is asked or has it."""
    job = Assignment.objects.filter(order=order, state__in=TAKEN).select_related("courier").first()
    if job is None:
        return None
    offered = job.state == Assignment.State.OFFERED
    return Delivery(
        courier_id=job.courier_id,
        courier_name="" if offered else job.courier.name,
        state=job.state,
        latitude=job.courier.latitude,
        longitude=job.courier.longitude,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """What a courier has before them: the offered orders (of one open offer), and those taken.

    `seconds_left` are wall seconds until the offer's deadline, as the database's clock sees it.
    """

    courier: Courier
    offered: Sequence[Assignment]
    jobs: Sequence[Assignment]
    seconds_left: float


def desk_of(courier: Courier) -> Desk:
    """A courier's offer and jobs, in one query."""
    held = (
        Assignment.objects.filter(courier=courier, state__in=HELD)
        .select_related("offer", "order__restaurant", "order__address")
        .annotate(
            left=ExpressionWrapper(F("offer__deadline") - CityNow(), output_field=DurationField()),
            speed=Subquery(City.objects.values("speed")[:1]),
        )
        .order_by("offer__made_at", "offer", "door")
    )
    offered, jobs, seconds_left = [], [], 0.0
    for each in held:
        if each.state == Assignment.State.ACTIVE:
            jobs.append(each)
        elif each.left.total_seconds() > 0:
            # Past its deadline it can only be refused: the sweeper ends it within a second or two.
            offered.append(each)
            seconds_left = each.left.total_seconds() / each.speed
    return Desk(courier=courier, offered=offered, jobs=jobs, seconds_left=seconds_left)


def couriers_online(zone: str | None = None) -> QuerySet[Courier]:
    """Couriers on shift, with `held`: the orders offered to them or carried by them."""
    couriers = Courier.objects.filter(online=True).order_by("zone", "name")
    couriers = couriers.annotate(held=Count("assignments", filter=Q(assignments__state__in=HELD)))
    return couriers if zone is None else couriers.filter(zone=zone)


def open_offers() -> QuerySet[Offer]:
    """Offers that wait for an answer, the most urgent first."""
    return Offer.objects.filter(state=Offer.State.OPEN).select_related("courier").order_by("deadline")


def offers_of(order: Order) -> QuerySet[Offer]:
    """Every offer made of an order, in the order they were made."""
    return Offer.objects.filter(assignments__order=order).select_related("courier").order_by("made_at")


def waiting() -> QuerySet[Order]:
    """Orders that a restaurant accepted and no courier is asked about or has."""
    taken = Assignment.objects.filter(order=OuterRef("pk"), state__in=TAKEN)
    return Order.objects.filter(status__in=OFFERABLE).exclude(Exists(taken))


def dispatchable(zone: str | None = None) -> QuerySet[Order]:
    """Waiting orders that were neither set aside nor held for review."""
    subject = Cast(OuterRef("pk"), CharField())
    aside = Incident.objects.filter(kind=SET_ASIDE, subject=subject, resolved_at=None)
    orders = waiting().exclude(Exists(aside)).exclude(hold=Order.Hold.HELD)
    return orders if zone is None else orders.filter(zone=zone)


def in_turn(*, city: City, zone: str | None = None) -> QuerySet[Order]:
    """Waiting orders that a round should plan for now: not set aside, and without hurry once refused by many."""
    refused = Q(assignments__offer__state__in=_REFUSED)
    return (
        dispatchable(zone)
        .annotate(
            refusals=Count("assignments", filter=refused),
            refused_at=Max("assignments__offer__answered_at", filter=refused),
        )
        .filter(Q(refusals__lt=city.max_offers) | Q(refused_at__lt=_ago(UNHURRIED)))
        .order_by("accepted_at", "pk")
    )


def recent_refusals() -> QuerySet[Assignment]:
    """Offers turned down, or given or taken back as the courier could not, so lately that to ask again is senseless."""
    turned_down = Q(offer__state__in=_REFUSED, offer__answered_at__gt=_ago(ASK_AGAIN_AFTER))
    taken_back = OrderHistory.objects.annotate(
        courier=Cast(KeyTextTransform("courier_id", "payload"), BigIntegerField())
    ).filter(
        Q(actor_role="operator", reason__in=UNABLE) | Q(actor_role="courier"),
        order=OuterRef("order"),
        courier=OuterRef("courier"),
        type__in=["courier.released", "offer.withdrawn"],
        at__gt=_ago(ASK_AGAIN_AFTER),
    )
    return Assignment.objects.filter(turned_down | (Q(state=Assignment.State.ENDED) & Exists(taken_back)))


def why_no_courier(order: Order) -> str:
    """In a sentence, why an order has no courier yet; empty where it has one or needs none."""
    job = Assignment.objects.filter(order=order, state__in=TAKEN).select_related("courier").first()
    if job is not None:
        return "" if job.state != Assignment.State.OFFERED else f"offered to {job.courier.name}, who has not answered"
    if order.status not in OFFERABLE:
        return "" if order.is_final else "its restaurant has not accepted it"
    if order.hold == Order.Hold.HELD:
        return "held until a reviewer has looked at it: it may be fraud"
    aside = Incident.objects.filter(kind=SET_ASIDE, subject=str(order.pk), resolved_at=None).first()
    if aside is not None:
        return f"set aside: {aside.message}"
    if not Courier.objects.on_shift().filter(zone=order.zone).exists():
        return f"no courier is online in {order.zone}"
    free = Courier.objects.free().filter(zone=order.zone)
    if not free.exists():
        return f"every courier in {order.zone} is busy"
    refused = recent_refusals().filter(order=order).values("courier")
    if not free.exclude(pk__in=refused).exists():
        return f"every free courier in {order.zone} declined it or did not answer; they are asked again in a while"
    zone = Zone.objects.filter(pk=order.zone).first()
    if zone is None:
        return f"there is no zone {order.zone}"
    if zone.requested != zone.served:
        return "the next round looks at it"
    if zone.due_at is not None:
        return "it is planned: a courier is asked when they must set out"
    return "a courier is free: a round is due"


def _ago(span: timedelta) -> Combinable:
    return ExpressionWrapper(CityNow() - span, output_field=DateTimeField())
