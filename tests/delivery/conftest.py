"""Helpers of the delivery tests: things at one instant, and what history says of a courier's load."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.db import connection
from django.db.models import Value

from delivery import offers
from delivery.models import Courier, Offer
from messaging.models import OutboxRow
from orders.city import CityAfter
from orders.models import Order, OrderHistory
from tests import factories

T = TypeVar("T")


def at_once(*verbs: Callable[[], T]) -> list[T | Exception]:
    """Run each in a thread of its own, all let go at one instant; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(verbs))
    results: list[Any] = [None] * len(verbs)

    def run(place: int, verb: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            results[place] = verb()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, verb), daemon=True) for i, verb in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "a thread did not end"
    return results


def facts(order: Order) -> list[str]:
    """The order's history from its acceptance on, by type."""
    types = list(OrderHistory.objects.filter(order=order).order_by("sequence").values_list("type", flat=True))
    return types[types.index("order.accepted") + 1 :]


def commands(task: str) -> int:
    """How many commands of this name the outbox owes."""
    return OutboxRow.objects.filter(type=task).count()


def let_run_out(offer: Offer) -> None:
    """Move the offer's deadline into the past."""
    Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(-1)))


def highest_load(courier: Courier) -> int:
    """The most orders the courier was offered or carried at any moment, told from history alone."""
    change = {
        "offer.made": 1,
        "offer.declined": -1,
        "offer.expired": -1,
        "offer.withdrawn": -1,
        "order.delivered": -1,
        "courier.released": -1,
    }
    rows = OrderHistory.objects.filter(payload__courier_id=courier.pk, type__in=change).order_by("at", "sequence")
    load = highest = 0
    for kind in rows.values_list("type", flat=True):
        load += change[kind]
        highest = max(highest, load)
    return highest


def offer_to(courier: Courier, order: Order | None = None) -> Offer:
    """An open offer of a waiting order."""
    offer = offers.make((order or factories.accepted_order()).id, courier_id=courier.pk)
    assert offer is not None
    return offer


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier("c-01")


@pytest.fixture
def colleague(courier: Courier) -> Courier:
    return factories.make_courier("c-02")
