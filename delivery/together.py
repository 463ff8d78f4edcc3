"""Many offers of one round in few transactions: a commit and a dozen questions for ten of them, not for each.

It saves work and promises nothing of its own. The locks are those of `offers.make`, in the same sequence (orders by
id, then couriers by id), the guards are the same indexes; whatever does not fit is left to be made, or refused, alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, F, Q

from orders.city import CityNow
from orders.lifecycle import SYSTEM, record_each
from orders.models import City, Order

from . import events
from .models import HELD, Assignment, Courier, Offer
from .offers import Deadline, may_be_offered
from .planning import Job

logger = logging.getLogger(__name__)

#: Offers of one transaction: their locks are held for a tenth of a second or so, which nobody notices on a telephone.
MOST = 30
#: With fewer than this there is little to save.
LEAST = 4


def make(jobs: Sequence[Job]) -> tuple[int, list[Job]]:
    """Make the offers of a round, as far as that works for several at a time; how many, and the jobs that are left."""
    made = 0
    left: list[Job] = []
    for start in range(0, len(jobs), MOST):
        some = jobs[start : start + MOST]
        if len(some) < LEAST:
            left += some
            continue
        try:
            fit, unfit = _make(some)
        except Exception as error:
            # Somebody was quicker with one of them, or one is broken: alone, only that one fails.
            logger.info("%d offers are made one by one: %s", len(some), error)
            fit, unfit = 0, list(some)
        made, left = made + fit, left + unfit
    return made, left


@transaction.atomic
def _make(jobs: Sequence[Job]) -> tuple[int, list[Job]]:
    wanted = Order.objects.filter(pk__in=[order for job in jobs for order in job.orders])
    orders = {str(order.pk): order for order in wanted.select_for_update().order_by("pk")}
    couriers = Courier.objects.filter(pk__in=[int(job.courier) for job in jobs]).order_by("pk")
    locked = {courier.pk for courier in couriers.select_for_update()}
    load = Count("assignments", filter=Q(assignments__state__in=HELD))
    on_shift = Courier.objects.on_shift().filter(pk__in=locked).annotate(spare=F("capacity") - load)
    spare = {str(pk): room for pk, room in on_shift.values_list("pk", "spare")}
    fit = [
        job
        for job in jobs
        if all(each in orders and may_be_offered(orders[each]) for each in job.orders)
        and spare.get(job.courier, 0) >= len(job.orders)
    ]
    tries = dict(Assignment.objects.filter(order__in=orders).values_list("order").annotate(Count("pk")))
    made_at, deadline = City.objects.values_list(CityNow(), Deadline()).get(pk=1)
    made = Offer.objects.bulk_create(
        Offer(courier_id=int(job.courier), made_at=made_at, deadline=deadline) for job in fit
    )
    pairs = list(zip(fit, made, strict=True))
    Assignment.objects.bulk_create(
        Assignment(offer=offer, order=orders[each], courier_id=offer.courier_id, door=door)
        for job, offer in pairs
        for door, each in enumerate(job.orders)
    )
    told = [
        (
            orders[each],
            events.OfferMade,
            {
                "courier_id": offer.courier_id,
                "offer_id": str(offer.pk),
                "deadline": deadline,
                "attempt": tries.get(orders[each].pk, 0) + 1,
            },
        )
        for job, offer in pairs
        for each in job.orders
    ]
    record_each(told, by=SYSTEM, at=made_at)
    return len(fit), [job for job in jobs if job not in fit]
