"""What a round sees: where and when each courier will be free, if they do what they promised."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Value

from delivery import couriers, dispatch, offers, planning, snapshot
from delivery.models import Courier
from orders import lifecycle
from orders.city import CityAfter, city_now
from orders.lifecycle import Actor
from orders.models import City, Order, Restaurant
from tests import factories
from tests.factories import COUNTER, DOOR

from .conftest import offer_to, taken

pytestmark = pytest.mark.django_db

#: 1,002 m at 320 m a minute.
WAY = 4


def seen(*, lead: float = 0.0) -> planning.View:
    return snapshot.take("centre", lead=lead).view


def the_courier(view: planning.View) -> planning.Courier:
    (courier,) = view.couriers
    return courier


def free_in() -> float:
    """City minutes from now."""
    return the_courier(seen()).free_at - city_now().timestamp() / 60


def test_the_city_is_the_one_the_couriers_ride_through(courier: Courier) -> None:
    city = City.objects.get()
    assert (city.pickup_minutes, city.metres_per_minute, city.dropoff_minutes) == (4, 320, 4)
    order = factories.accepted_order(minutes=20)
    view = seen()
    assert (view.city.pickup_minutes, view.city.metres_per_minute, view.city.dropoff_minutes) == (4, 320, 4)
    (waiting,) = view.orders
    assert (waiting.id, waiting.restaurant) == (str(order.id), str(order.restaurant_id))
    assert waiting.ready_at - waiting.placed_at == pytest.approx(20, abs=0.1)
    assert waiting.door == pytest.approx((0, 1001.9), abs=0.1)
    assert view.city.restaurants[waiting.restaurant] == pytest.approx((0, 0), abs=0.1)


def test_who_waits_is_free_where_they_stand_and_has_been_so(courier: Courier) -> None:
    assert the_courier(seen()).place == pytest.approx((0, 0), abs=0.1)
    assert free_in() <= 0


def test_what_is_asked_now_is_planned_for_the_moment_of_the_answer(courier: Courier) -> None:
    assert seen(lead=1.5).now - seen().now == pytest.approx(1.5, abs=0.1)


def test_a_busy_courier_counts_from_the_door_they_are_going_to(courier: Courier) -> None:
    taken(courier, factories.accepted_order(minutes=20))
    assert the_courier(seen()).place == pytest.approx((0, 1001.9), abs=0.1)
    assert free_in() == pytest.approx(20 + 2 + WAY + 4, abs=0.1)


def test_with_the_order_in_the_bag_the_service_at_the_counter_and_the_way_are_left(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.id, courier=courier)
    assert free_in() == pytest.approx(2 + WAY + 4, abs=0.1)


def test_who_has_just_delivered_is_still_at_the_door(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.id, courier=courier)
    couriers.deliver(order.id, courier=courier)
    assert free_in() == pytest.approx(2, abs=0.1)


def test_a_bundle_takes_them_from_door_to_door(courier: Courier) -> None:
    Courier.objects.update(capacity=2)
    orders = [factories.ready_order() for _ in range(2)]
    offer = offers.make(*[order.id for order in orders], courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.id, courier=courier)
    assert free_in() == pytest.approx(4 + WAY + 4 + 0 + 4, abs=0.1)
    couriers.pick_up(orders[0].id, courier=courier)
    assert free_in() == pytest.approx(4 + WAY + 4 + 0 + 4, abs=0.1), "the other is still at the counter"


def test_an_open_offer_counts_as_if_it_were_taken(courier: Courier) -> None:
    offer_to(courier, factories.accepted_order(minutes=20))
    assert free_in() == pytest.approx(20 + 2 + WAY + 4, abs=0.1)


def test_what_should_be_over_is_over_at_once_and_hands_that_are_full_are_not_asked(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.id, courier=courier)
    Order.objects.update(picked_up_at=CityAfter(Value(-7200)))
    Courier.objects.update(position_at=CityAfter(Value(-7200)))
    assert free_in() == pytest.approx(2, abs=0.1), "ringing at the door this moment"
    ahead = seen(lead=30)
    assert the_courier(ahead).free_at > ahead.now


def test_who_was_seen_on_the_way_counts_from_there(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.id, courier=courier)
    Order.objects.update(picked_up_at=CityAfter(Value(-240)))
    halfway = ((COUNTER[0] + DOOR[0]) / 2, COUNTER[1])
    Courier.objects.update(latitude=halfway[0], longitude=halfway[1], position_at=CityAfter(Value(0)))
    assert free_in() == pytest.approx(2 + 4, abs=0.1), "half of the way, and the door"


def test_the_end_of_the_shift_the_bag_and_refusals_are_told(courier: Courier) -> None:
    until = city_now()
    courier.shifts.update(until=CityAfter(Value(3600)))
    Courier.objects.update(capacity=2)
    order = factories.accepted_order()
    offers.decline(offer_to(courier, order).id, courier=courier)
    one = the_courier(seen())
    assert one.off_at - until.timestamp() / 60 == pytest.approx(60, abs=0.1)
    assert (one.room, one.passed_over) == (2, frozenset({str(order.id)}))


def announced(*, starts_in: float, minutes: float = 60.0) -> Courier:
    """A courier who is at home, and comes in so many minutes of city time."""
    coming = factories.make_courier("coming", online=False)
    begin = city_now() + timedelta(minutes=starts_in)
    coming.announced.create(starts_at=begin, until=begin + timedelta(minutes=minutes))
    return coming


def test_who_comes_soon_is_planned_with_and_not_asked() -> None:
    coming, order = announced(starts_in=5), factories.ready_order()
    one = the_courier(seen())
    now = city_now().timestamp() / 60
    assert one.id == str(coming.pk)
    assert one.place == pytest.approx((0, 0), abs=0.1)
    assert one.free_at - now == pytest.approx(5, abs=0.1)
    assert one.off_at - now == pytest.approx(65, abs=0.1)
    assert [made.made for made in dispatch.dispatch("centre")] == [0]
    assert not order.assignments.exists()


def test_a_shift_that_began_is_known_by_its_courier_being_online() -> None:
    coming = announced(starts_in=-1)
    late = the_courier(seen())
    assert late.free_at > city_now().timestamp() / 60, "expected any moment, and not asked before"
    couriers.go_online(coming.pk, latitude=COUNTER[0], longitude=COUNTER[1])
    assert free_in() <= 0
    assert not coming.announced.exists()


@pytest.mark.parametrize("starts_in", [-3, 91], ids=["stayed away", "far"])
def test_who_did_not_come_or_comes_much_later_is_not_counted_on(starts_in: float) -> None:
    announced(starts_in=starts_in)
    assert seen().couriers == []


def test_who_comes_twice_is_planned_with_once_from_the_first_time_on() -> None:
    coming = announced(starts_in=20, minutes=10)
    later = city_now() + timedelta(minutes=60)
    coming.announced.create(starts_at=later, until=later + timedelta(minutes=60))
    now = city_now().timestamp() / 60
    one = the_courier(seen())
    assert (one.free_at - now, one.off_at - now) == pytest.approx((20, 30), abs=0.1)


def test_who_goes_online_before_the_shift_still_means_to_come_for_it() -> None:
    coming = announced(starts_in=30)
    couriers.go_online(coming.pk, latitude=COUNTER[0], longitude=COUNTER[1])
    assert free_in() <= 0
    couriers.go_offline(coming.pk)
    assert free_in() == pytest.approx(30, abs=0.1)


def test_where_nothing_waits_a_round_looks_at_no_courier(courier: Courier) -> None:
    assert snapshot.take("centre", idle=False).view.couriers == []
    factories.accepted_order()
    assert len(snapshot.take("centre", idle=False).view.couriers) == 1


def test_orders_and_couriers_without_a_place_are_left_out(courier: Courier) -> None:
    lost = factories.make_courier("lost")
    Courier.objects.filter(pk=lost.pk).update(latitude=float("nan"))
    factories.accepted_order()
    assert [each.id for each in seen().couriers] == [str(courier.pk)]
    broken = Order.objects.get()
    Restaurant.objects.update(latitude=float("nan"))
    whole = snapshot.take("centre")
    assert (whole.view.orders, whole.broken) == ([], {broken.id: "Soup Kitchen has no place on the map"})


def test_a_ready_order_counts_from_when_it_was_ready(courier: Courier) -> None:
    order = factories.accepted_order(minutes=20)
    lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
    (waiting,) = seen().orders
    assert waiting.ready_at == pytest.approx(city_now().timestamp() / 60, abs=0.1)
