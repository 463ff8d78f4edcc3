"""Each guard of promise one, taken away alone: what it prevents must then happen, else it guards nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, models
from django.db.models import UniqueConstraint

from config.verify.couriers import one_courier, within_capacity
from delivery import offers
from delivery.locks import lock_courier
from delivery.models import Assignment, Courier, Offer
from messaging.models import OutboxRow
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories
from tests.racing import at_once

from .conftest import facts, highest_load, offer_to

together = pytest.mark.django_db(transaction=True)


@contextmanager
def without(model: type[models.Model], name: str) -> Iterator[None]:
    """Drop a constraint for the length of the block; what broke it is deleted before it comes back."""
    constraint = next(each for each in model._meta.constraints if each.name == name)
    assert isinstance(constraint, UniqueConstraint)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        for table in (Assignment, Offer, OrderHistory, OutboxRow):
            table.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)


def meet_before_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold whoever is about to record a fact until the other is there too, or half a second has shown it cannot be."""
    meeting = threading.Barrier(2)

    def late(*args: Any, **kwargs: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.5)
        return lifecycle.record(*args, **kwargs)

    monkeypatch.setattr(offers, "record", late)


def make(order: Order, courier: Courier) -> Callable[[], Offer | None]:
    return lambda: offers.make(order.id, courier_id=courier.pk)


@together
def test_the_index_alone_keeps_an_order_from_two_couriers(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    with without(Assignment, "one_courier_an_order"):
        for each in (courier, colleague):
            offers.accept(offer_to(each, order).id, courier=each)
        assert [(found.subject, found.detail) for found in one_courier()] == [
            (str(order.id), "is with 2 couriers at once")
        ]
    offer_to(courier, order)
    with pytest.raises(IntegrityError):
        offer_to(colleague, order)
    assert list(one_courier()) == []


@together
@pytest.mark.parametrize("locked", [True, False])
def test_the_couriers_lock_alone_keeps_them_within_capacity(
    courier: Courier, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """The index on a courier's open offers would hide it: it is away, so that the lock stands alone."""
    first, second = factories.accepted_order(), factories.accepted_order()
    meet_before_commit(monkeypatch)
    if not locked:
        monkeypatch.setattr(offers, "lock_courier", lambda pk: Courier.objects.get(pk=pk))
    with without(Offer, "one_open_offer_a_courier"):
        results = at_once(make(first, courier), make(second, courier))
        assert not [each for each in results if isinstance(each, Exception)]
        assert sum(isinstance(each, Offer) for each in results) == (1 if locked else 2)
        assert highest_load(courier) == (1 if locked else 2)
        assert bool(list(within_capacity())) is not locked


@together
@pytest.mark.parametrize("locked", [True, False])
def test_the_orders_lock_keeps_an_acceptance_from_undoing_a_cancellation(
    courier: Courier, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """The cancellation comes between the acceptance's look at the order and its write.

    Unlocked, the history's unique sequence would still catch it; without that too the order is accepted again.
    """
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    looked, cancelled = threading.Event(), threading.Event()

    def after_the_look(pk: int) -> Courier:
        looked.set()
        cancelled.wait(timeout=0.5)
        return lock_courier(pk)

    def call_off() -> None:
        looked.wait(timeout=5)
        lifecycle.cancel(order.id, by=Actor("operator"), reason="test")
        cancelled.set()

    monkeypatch.setattr(offers, "lock_courier", after_the_look)
    if not locked:
        monkeypatch.setattr(offers, "lock_order", lambda pk: Order.objects.get(pk=pk))
    with without(OrderHistory, "order_history_sequence_unique"), without(OutboxRow, "outbox_stream_sequence_unique"):
        results = at_once(lambda: offers.accept(offer.id, courier=courier), call_off)
        assert not [each for each in results if isinstance(each, Exception)]
        order.refresh_from_db()
        assert order.status == ("cancelled" if locked else "accepted")
        if locked:
            assert facts(order) == ["offer.made", "courier.assigned", "order.cancelled"]
