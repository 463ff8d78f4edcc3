"""A courier's day: on shift, to the restaurant, to the door, home."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery import couriers, offers
from delivery.couriers import JobReleased, StillCarrying
from delivery.models import Assignment, Courier, Offer, Shift
from messaging.models import OutboxRow
from orders import lifecycle
from orders.city import city_now
from orders.lifecycle import Actor, IllegalTransition
from orders.models import Order
from tests import factories
from tests.factories import COUNTER, DOOR

from .conftest import commands, facts, offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(courier: Courier) -> Order:
    """An order at the counter, which the courier has taken."""
    order = factories.ready_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    return order


def test_going_online_opens_a_shift_says_so_and_calls_for_a_round() -> None:
    courier = factories.make_courier(online=False)
    until = city_now() + timedelta(hours=4)
    before = commands("delivery.dispatch_zone")
    couriers.go_online(courier.pk, latitude=48.3, longitude=16.4, until=until)
    courier.refresh_from_db()
    assert (courier.online, courier.latitude, courier.longitude) == (True, 48.3, 16.4)
    assert Shift.objects.get(courier=courier).until == until
    event = OutboxRow.objects.get(type="courier.online")
    assert (event.destination, event.key, event.sequence) == ("couriers.events", str(courier.pk), 1)
    assert commands("delivery.dispatch_zone") == before + 1


def test_online_twice_is_one_shift(courier: Courier) -> None:
    until = city_now() + timedelta(hours=1)
    couriers.go_online(courier.pk, latitude=48.3, longitude=16.4, until=until)
    assert commands("courier.online") == 0
    assert Shift.objects.get(courier=courier).until == until


def test_going_offline_ends_the_shift_once(courier: Courier) -> None:
    couriers.go_offline(courier.pk)
    couriers.go_offline(courier.pk)
    assert Shift.objects.get(courier=courier).ended_at is not None
    event = OutboxRow.objects.get(type="courier.offline")
    assert (event.key, event.sequence) == (str(courier.pk), 1)
    couriers.go_online(courier.pk, latitude=48.2, longitude=16.3)
    assert OutboxRow.objects.get(type="courier.online").sequence == 2
    assert Shift.objects.filter(courier=courier).count() == 2


def test_going_offline_hands_an_open_offer_on(courier: Courier) -> None:
    offer = offer_to(courier)
    before = commands("delivery.dispatch_zone")
    couriers.go_offline(courier.pk)
    order = Order.objects.get()
    assert Offer.objects.get(pk=offer.pk).state == "withdrawn"
    assert facts(order) == ["offer.made", "offer.withdrawn"]
    assert order.history.get(type="offer.withdrawn").reason == "courier_offline"
    assert commands("delivery.dispatch_zone") == before + 1


def test_who_carries_an_order_stays(courier: Courier, job: Order) -> None:
    Courier.objects.update(capacity=2)
    other = offer_to(courier, factories.accepted_order())
    with pytest.raises(StillCarrying):
        couriers.go_offline(courier.pk)
    assert Courier.objects.get(pk=courier.pk).online
    assert Offer.objects.get(pk=other.pk).state == "open", "refused means that nothing happened"


def test_from_the_counter_to_the_door(courier: Courier, job: Order) -> None:
    Courier.objects.update(latitude=1, longitude=1)
    couriers.pick_up(job.id, courier=courier)
    courier.refresh_from_db()
    assert (courier.latitude, courier.longitude) == COUNTER
    before = commands("delivery.dispatch_zone")
    couriers.deliver(job.id, courier=courier)
    courier.refresh_from_db()
    assert (courier.latitude, courier.longitude) == DOOR
    assert commands("delivery.dispatch_zone") == before + 1, "there is room for another order"
    assert Assignment.objects.get(order=job).state == "completed"
    assert facts(job)[-2:] == ["order.picked_up", "order.delivered"]
    assert Courier.objects.free().filter(pk=courier.pk).exists()


def test_pressing_every_button_twice_changes_nothing_more(courier: Courier, job: Order) -> None:
    for verb in (couriers.pick_up, couriers.pick_up, couriers.deliver, couriers.deliver, couriers.pick_up):
        verb(job.id, courier=courier)
    assert facts(job)[-3:] == ["courier.assigned", "order.picked_up", "order.delivered"]


def test_what_is_not_ready_cannot_be_picked_up_and_what_is_not_picked_up_not_delivered(courier: Courier) -> None:
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    for verb in (couriers.pick_up, couriers.deliver):
        with pytest.raises(IllegalTransition):
            verb(order.id, courier=courier)
    assert facts(order) == ["offer.made", "courier.assigned"]


def test_the_job_of_another_does_not_exist(job: Order, colleague: Courier) -> None:
    for verb in (couriers.pick_up, couriers.deliver):
        with pytest.raises(Assignment.DoesNotExist):
            verb(job.id, courier=colleague)


def test_an_offer_alone_is_no_job(courier: Courier) -> None:
    order = factories.ready_order()
    offer_to(courier, order)
    with pytest.raises(Assignment.DoesNotExist):
        couriers.pick_up(order.id, courier=courier)


def test_a_cancelled_order_lets_its_courier_go(courier: Courier, job: Order) -> None:
    lifecycle.cancel(job.id, by=Actor("operator"), reason="kitchen on fire")
    assert [couriers.release(job.id), couriers.release(job.id)] == [True, False]
    job.refresh_from_db()
    assert (job.status, job.courier_id) == ("cancelled", None)
    assert facts(job)[-2:] == ["order.cancelled", "courier.released"]
    assert job.history.get(type="courier.released").payload["courier_id"] == courier.pk
    assert Courier.objects.free().filter(pk=courier.pk).exists()
    with pytest.raises(JobReleased):
        couriers.pick_up(job.id, courier=courier)


def test_a_cancelled_order_takes_its_open_offer_with_it(courier: Courier) -> None:
    offer = offer_to(courier)
    order = Order.objects.get()
    lifecycle.cancel(order.id, by=Actor("operator"), reason="kitchen on fire")
    couriers.release(order.id)
    assert Offer.objects.get(pk=offer.pk).state == "withdrawn"
    assert facts(order) == ["offer.made", "order.cancelled", "offer.withdrawn"]


def test_release_leaves_a_living_order_alone(courier: Courier, job: Order) -> None:
    assert couriers.release(job.id) is False
    assert Assignment.objects.get(order=job).state == "active"


def test_nobody_but_its_courier_picks_an_order_up_or_delivers_it(courier: Courier, job: Order) -> None:
    for move in (lifecycle.pick_up, lifecycle.deliver):
        with pytest.raises(IllegalTransition):
            move(job.id, by=Actor("operator"))
    assert Assignment.objects.get(order=job).state == "active"
    assert facts(job)[-1] == "courier.assigned"
