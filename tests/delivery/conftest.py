"""Helpers of the delivery tests: orders on their way to a courier, and what history says of a courier's load."""

from __future__ import annotations

import pytest
from django.db.models import Value

from delivery import couriers, offers
from delivery.models import Courier, Offer
from messaging.models import OutboxRow
from orders import lifecycle
from orders.city import CityAfter
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories


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


def bundle_to(courier: Courier) -> tuple[Offer, Order, Order]:
    """Two ready orders in one offer; the one with the higher id has the first door."""
    second, first = sorted((factories.ready_order() for _ in range(2)), key=lambda order: order.id)
    offer = offers.make(first.id, second.id, courier_id=courier.pk)
    assert offer is not None
    return offer, first, second


def taken(courier: Courier, order: Order | None = None) -> Order:
    """An order that the courier accepted, as it is then."""
    order = order or factories.accepted_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)
    order.refresh_from_db()
    return order


def in_the_bag(courier: Courier) -> Order:
    """An order that the courier picked up."""
    order = taken(courier)
    lifecycle.mark_ready(order.pk, by=Actor("restaurant", order.restaurant.user_id))
    couriers.pick_up(order.pk, courier=courier)
    return order


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier("c-01")


@pytest.fixture
def colleague(courier: Courier) -> Courier:
    return factories.make_courier("c-02")
