"""A courier who took an order, and then nothing happens."""

from __future__ import annotations

import pytest
from django.db.models import Value

from delivery import couriers, handover, silence
from delivery.models import Courier, Offer
from delivery.silence import SILENT, watch_couriers
from delivery.sweeper import DUTIES
from messaging.models import Incident
from messaging.models.incident import resolve_incident
from orders.city import CityAfter, set_clock
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories

from .conftest import taken

pytestmark = pytest.mark.django_db


def ago(order: Order, *, ready: float = 0, answered: float = 0, picked_up: float | None = None) -> None:
    """Move the order's stages so many city minutes into the past."""
    back = {name: CityAfter(Value(-60 * minutes)) for name, minutes in (("ready_at", ready),)}
    if picked_up is not None:
        back["picked_up_at"] = CityAfter(Value(-60 * picked_up))
    Order.objects.filter(pk=order.pk).update(**back)
    Offer.objects.filter(assignments__order=order).update(answered_at=CityAfter(Value(-60 * answered)))


def test_the_sweeper_watches() -> None:
    assert watch_couriers in [duty.run for duty in DUTIES]


def test_who_took_it_and_does_not_come_is_told_of_once(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    ago(order, ready=21, answered=21)
    assert [watch_couriers(), watch_couriers()] == [1, 0]
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject) == (SILENT, str(order.pk))
    assert "c-01 took it and has not come for it" in incident.message
    resolve_incident(SILENT, str(order.pk))
    assert watch_couriers() == 0, "a person has seen to it: not told again of the same courier"


@pytest.mark.parametrize(("ready", "answered"), [(19, 60), (60, 19), (0, 0)])
def test_food_that_was_not_ready_or_not_taken_long_ago_is_no_incident(
    courier: Courier, ready: float, answered: float
) -> None:
    ago(taken(courier, factories.ready_order()), ready=ready, answered=answered)
    assert watch_couriers() == 0


def test_who_picked_it_up_and_does_not_arrive(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.pk, courier=courier)
    ago(order, ready=100, answered=100, picked_up=59)
    assert watch_couriers() == 0
    ago(order, ready=100, answered=100, picked_up=61)
    assert watch_couriers() == 1
    assert "has not brought it" in Incident.objects.get().message


def test_it_closes_by_itself_when_the_order_moves_on(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    ago(order, ready=30, answered=30)
    watch_couriers()
    couriers.pick_up(order.pk, courier=courier)
    assert watch_couriers() == 1
    assert Incident.objects.get().resolved_at is not None


def test_a_second_silent_courier_of_the_same_order_is_told_of_too(courier: Courier, colleague: Courier) -> None:
    order = taken(courier, factories.ready_order())
    ago(order, ready=30, answered=30)
    watch_couriers()
    handover.reassign(order.pk, held_by=courier.pk, to=colleague.pk, by=Actor("operator"), reason="courier_silent")
    assert not Incident.objects.filter(resolved_at=None).exists()
    assert watch_couriers() == 0, "the second has only just got it"
    # Within one transaction the clock of incidents stands still: the first is moved away from the second's start.
    Incident.objects.update(opened_at=CityAfter(Value(-3600)))
    ago(order, ready=30, answered=30)
    assert watch_couriers() == 1
    assert "c-02" in Incident.objects.get(resolved_at=None).message


def test_in_a_city_that_runs_fast_a_person_has_a_minute_all_the_same(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    set_clock(speed=60)
    ago(order, ready=50, answered=50)
    assert watch_couriers() == 0
    ago(order, ready=61, answered=61)
    assert watch_couriers() == 1


def test_nobody_is_watched_who_has_nothing(courier: Courier) -> None:
    factories.ready_order()
    assert list(silence.overdue()) == []
