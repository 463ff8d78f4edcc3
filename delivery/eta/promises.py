"""Promises made and kept on record: by the group `promises` with each event, or by the page that comes first.

Whoever is first writes it, and the other finds it: what a customer is shown is what is measured.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from django.db import connection
from django.db.models import Max

from accounts.models import Address
from delivery.models import Assignment
from messaging.envelope import Envelope
from orders.city import city_now, the_city
from orders.events import OrderDelayed, OrderDelivered, OrderEvent
from orders.models import FINAL, City, Order, OrderHistory, Restaurant, Status

from . import estimate
from .errors import margins
from .estimate import Stage, Sum
from .kitchens import Learnt, learnt
from .models import Promise

DELIVERED = """
    UPDATE delivery_promise SET delivered_at = done.at
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS done (order_id, at) WHERE delivery_promise.order_id = done.order_id
"""


@dataclass(frozen=True, slots=True)
class Times:
    """City times: when it is expected, and by when at the latest with the chance `errors.CHANCE`."""

    estimated: datetime
    latest_by: datetime


def foresee(restaurant: Restaurant, address: Address) -> Times:
    """For an order that would be placed now: what the checkout shows."""
    city, now = the_city(), city_now()
    known = learnt(now.astimezone(UTC).hour)
    habits = known.habits(restaurant.pk, usual_minutes=restaurant.preparation_minutes)
    counter, door = (restaurant.latitude, restaurant.longitude), (address.latitude, address.longitude)
    return _times(estimate.before_acceptance(counter, door, habits=habits, city=city, now=now), Stage.PLACED)


def promise_of(order: Order) -> Promise | None:
    """The order's promise as it stands, made now where it has moved on since the last; None once it has ended."""
    if order.is_final:
        return None
    make([order.id])
    return Promise.objects.filter(order=order).order_by("-sequence").first()


def keep(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler. A backlog is not promised after the fact: only as the orders stand now."""
    moved: set[str] = set()
    done: dict[str, datetime] = {}
    for event in events:
        if not isinstance(event.data, OrderEvent) or event.type.startswith("offer."):
            continue
        moved.add(event.data.order_id)
        if isinstance(event.data, OrderDelivered):
            done[event.data.order_id] = event.time
    if done:
        with connection.cursor() as cursor:
            orders = sorted(done)
            cursor.execute(DELIVERED, [orders, [done[order] for order in orders]])
    make([uuid.UUID(order) for order in moved - set(done)])


def make(order_ids: Collection[uuid.UUID]) -> int:
    """Promise anew where an order's stage or courier is another than at its last promise, or its restaurant has said
    since that it takes longer; how many were made."""
    open_orders = Order.objects.filter(pk__in=order_ids).exclude(status__in=FINAL)
    orders = list(open_orders.select_related("restaurant", "address"))
    if not orders:
        return 0
    jobs = _jobs(orders)
    latest = {
        row.order_id: row
        for row in Promise.objects.filter(order__in=orders).order_by("order_id", "-sequence").distinct("order_id")
    }
    by_order = {job.order_id: job for held in jobs.values() for job in held}
    delayed = _delayed(orders)
    moved = []
    for order in orders:
        job = by_order.get(order.id)
        stands = estimate.stage_of(order, job), job.courier_id if job else None
        last = latest.get(order.id)
        if last is None or (last.stage, last.courier_id) != stands or delayed.get(order.id, 0) > last.sequence:
            moved.append((order, job, *stands))
    if not moved:
        return 0
    city, now = the_city(), city_now()
    known = learnt(now.astimezone(UTC).hour)
    made = []
    for order, job, stage, courier_id in moved:
        total = _sum(order, job, jobs, known=known, city=city, now=now)
        times = _times(total, stage)
        made.append(
            Promise(
                order=order,
                sequence=order.version,
                stage=stage,
                courier_id=courier_id,
                made_at=now,
                base=total.base,
                scale=total.scale,
                estimated=times.estimated,
                latest_by=times.latest_by,
            )
        )
    Promise.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def _delayed(orders: Iterable[Order]) -> dict[uuid.UUID, int]:
    """The latest version in which a restaurant put each order off, of those that cook."""
    cooking = [order.pk for order in orders if order.status == Status.ACCEPTED]
    if not cooking:
        return {}
    delays = OrderHistory.objects.filter(order__in=cooking, type=OrderDelayed.type).order_by()
    return dict(delays.values_list("order").annotate(Max("sequence")))


def _jobs(orders: Iterable[Order]) -> dict[int, list[Assignment]]:
    """All active jobs of the couriers who bring any of these orders, offer by offer, by door within each."""
    active = Assignment.objects.filter(state=Assignment.State.ACTIVE)
    couriers = active.filter(order__in=list(orders)).values("courier")
    rows = active.filter(courier__in=couriers).select_related("courier", "order__restaurant", "order__address")
    rows = rows.order_by("courier", "offer__made_at", "offer", "door")
    return {courier: list(jobs) for courier, jobs in groupby(rows, key=lambda job: job.courier_id)}


def _sum(
    order: Order,
    job: Assignment | None,
    jobs: dict[int, list[Assignment]],
    *,
    known: Learnt,
    city: City,
    now: datetime,
) -> Sum:
    habits = known.habits(order.restaurant_id, usual_minutes=order.restaurant.preparation_minutes)
    if order.accepted_at is None:
        counter, door = estimate.counter_of(order), estimate.door_of(order)
        return estimate.before_acceptance(counter, door, habits=habits, city=city, now=now)
    if job is None:
        return estimate.without_courier(order, habits=habits, city=city, now=now)
    if job.at_customer_at is not None:
        return estimate.at_the_door(city, now=now)
    return estimate.with_courier(job, jobs[job.courier_id], courier=job.courier, habits=habits, city=city, now=now)


def _times(total: Sum, stage: str) -> Times:
    margin = margins()[stage]
    estimated = total.base + timedelta(seconds=total.scale * margin.expected)
    latest_by = total.base + timedelta(seconds=total.scale * margin.latest)
    return Times(estimated, max(estimated, latest_by))
