"""Promise one: exactly one courier, and never more than a courier can carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Count, F, OuterRef, Q, Subquery

from delivery.models import Assignment, Courier
from orders.models import FINAL, Order, OrderHistory, Status

from .report import Violation

HELD = [Assignment.State.OFFERED, Assignment.State.ACTIVE, Assignment.State.COMPLETED]


def one_courier() -> Iterator[Violation]:
    """Each order has at most one courier at a time; a delivered one has exactly one, and no failed one keeps any."""
    held = Count("assignments", filter=Q(assignments__state__in=HELD))
    completed = Count("assignments", filter=Q(assignments__state=Assignment.State.COMPLETED))
    counted = Order.objects.values_list("pk", "status").annotate(held=held, completed=completed).order_by()
    for order, status, couriers, deliveries in counted:
        if couriers > 1:
            yield Violation(str(order), f"is with {couriers} couriers at once")
        if status == Status.DELIVERED and deliveries != 1:
            yield Violation(str(order), f"was delivered by {deliveries} couriers")
        if status != Status.DELIVERED and deliveries:
            yield Violation(str(order), f"is {status}, yet a courier has completed it")


def order_names_its_courier() -> Iterator[Violation]:
    """The order's own `courier_id`, which routes its events, is the courier of its assignment, or nobody."""
    jobs = Assignment.objects.filter(
        order=OuterRef("pk"), state__in=[Assignment.State.ACTIVE, Assignment.State.COMPLETED]
    )
    orders = Order.objects.annotate(given_to=Subquery(jobs.values("courier")[:1])).order_by()
    differ = orders.filter(Q(given_to=None) ^ Q(courier_id=None) | ~Q(given_to=F("courier_id")))
    for order, named, given_to in differ.values_list("pk", "courier_id", "given_to"):
        yield Violation(str(order), f"names courier {named}, and is assigned to {given_to}")


def accepted_orders_ended() -> Iterator[Violation]:
    """Each order that its restaurant accepted is delivered, or failed in a way that is stated."""
    for order in Order.objects.filter(accepted_at__isnull=False).exclude(status__in=FINAL):
        yield Violation(str(order.id), f"was accepted and is still {order.status}")


def history_names_one_courier() -> Iterator[Violation]:
    """By its history too: a delivered order was picked up and delivered by the courier it was last assigned to."""
    assigned: dict[object, int | None] = {}
    facts = OrderHistory.objects.filter(
        type__in=["courier.assigned", "courier.released", "order.picked_up", "order.delivered"]
    ).order_by("order_id", "sequence")
    for fact in facts.iterator():
        courier = fact.payload["courier_id"]
        if fact.type == "courier.assigned":
            if assigned.get(fact.order_id) is not None:
                yield Violation(str(fact.order_id), f"was given to courier {courier} while another had it")
            assigned[fact.order_id] = courier
        elif fact.type == "courier.released":
            assigned[fact.order_id] = None
        elif fact.actor_role == "courier" and assigned.get(fact.order_id) != courier:
            yield Violation(str(fact.order_id), f"{fact.type} by courier {courier}, who did not have it")


#: What each fact does to the number of orders a courier holds or is offered.
_GIVES = {"offer.made", "courier.assigned"}
_TAKES = {"offer.declined", "offer.expired", "offer.withdrawn", "order.delivered", "courier.released"}


def within_capacity() -> Iterator[Violation]:
    """At every moment of the history, not only now, no courier had more orders than their capacity."""
    capacity = dict(Courier.objects.values_list("pk", "capacity"))
    load: dict[int, set[object]] = defaultdict(set)
    facts = OrderHistory.objects.filter(type__in=_GIVES | _TAKES).order_by("pk")
    for fact in facts.iterator():
        courier = fact.payload["courier_id"]
        if courier is None:
            continue
        if fact.type in _TAKES:
            load[courier].discard(fact.order_id)
            continue
        load[courier].add(fact.order_id)
        if len(load[courier]) > capacity.get(courier, 0):
            yield Violation(f"courier {courier}", f"had {len(load[courier])} orders at {fact.at:%H:%M:%S} city time")
