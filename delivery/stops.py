"""The way of a courier with one offer or several: to the counter for all orders of an offer, then from door to door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from orders.models import Order, Status

from .models import Assignment


@dataclass(frozen=True, slots=True)
class Stop:
    """`kind` is pickup, of all its orders at once, or dropoff, of one; `ready` once it can be done on arrival."""

    kind: str
    orders: tuple[Order, ...]
    ready: bool


def stops_of(jobs: Iterable[Assignment]) -> list[Stop]:
    """What is left to do, in sequence, of jobs that come in the sequence of their offers and doors."""
    stops: list[Stop] = []
    for _, group in groupby(jobs, key=lambda job: job.offer_id):
        # One that was called off is let go of in a moment, and nobody need ride there meanwhile.
        together = [job.order for job in group if not job.order.is_final]
        to_fetch = tuple(order for order in together if order.status != Status.PICKED_UP)
        if to_fetch:
            stops.append(Stop("pickup", to_fetch, all(order.status == Status.READY for order in to_fetch)))
        stops += [Stop("dropoff", (order,), order.status == Status.PICKED_UP) for order in together]
    return stops
