"""The restaurant's desk: who does not answer is paused, promises can be put off, and the day's figures are its own."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import OutboxRow
from orders import customer, kitchen, lifecycle, timeouts
from orders.city import city_now, set_clock
from orders.lifecycle import Actor, IllegalTransition
from orders.models import City, Order, Restaurant
from orders.numbers import Today, today_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Restaurant:
    return factories.make_restaurant()


def leave_unanswered(shop: Restaurant) -> Order:
    order = factories.paid_order(restaurant=shop)
    set_clock(at=city_now() + timedelta(minutes=16))
    assert timeouts.reject_unconfirmed() == 1
    return order


def state(shop: Restaurant) -> tuple[bool, bool, int]:
    shop.refresh_from_db()
    return shop.paused, shop.auto_paused, shop.unanswered


def pauses(shop: Restaurant) -> list[str]:
    rows = OutboxRow.objects.filter(destination="restaurants.events", key=str(shop.pk)).order_by("id")
    return [row.type for row in rows]


def test_three_unanswered_orders_in_a_row_pause_the_restaurant(shop: Restaurant) -> None:
    leave_unanswered(shop)
    leave_unanswered(shop)
    assert (state(shop), pauses(shop)) == ((False, False, 2), [])
    leave_unanswered(shop)
    assert (state(shop), pauses(shop)) == ((True, True, 3), ["restaurant.paused"])
    fact = OutboxRow.objects.get(type="restaurant.paused")
    assert json.loads(bytes(fact.payload))["reason"] == "unanswered"
    # when: somebody is there again
    kitchen.set_paused(by=shop.user, paused=False)
    assert (state(shop), pauses(shop)) == ((False, False, 0), ["restaurant.paused", "restaurant.resumed"])


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_an_answer_begins_the_count_anew(shop: Restaurant, answer: str) -> None:
    leave_unanswered(shop)
    leave_unanswered(shop)
    order = factories.paid_order(restaurant=shop)
    if answer == "accept":
        kitchen.accept(order.id, by=shop.user)
    else:
        kitchen.reject(order.id, by=shop.user, reason="We are too busy")
    assert state(shop) == (False, False, 0)
    leave_unanswered(shop)
    assert state(shop) == (False, False, 1)


def test_zero_is_never(shop: Restaurant) -> None:
    kitchen.set_rules(by=shop.user, preparation_minutes=20, auto_pause_after=0)
    for _ in range(4):
        leave_unanswered(shop)
    assert (state(shop), pauses(shop)) == ((False, False, 4), [])


def test_a_restaurant_that_paused_itself_is_told_once(shop: Restaurant) -> None:
    # given: more orders than the limit were waiting when nobody answered
    for _ in range(5):
        factories.paid_order(restaurant=shop)
    set_clock(at=city_now() + timedelta(minutes=16))
    assert timeouts.reject_unconfirmed() == 5
    assert (state(shop), pauses(shop)) == ((True, True, 5), ["restaurant.paused"])


@pytest.mark.parametrize(("minutes", "after"), [(0, 3), (121, 3), (15, -1), (15, 21)])
def test_senseless_rules_change_nothing(shop: Restaurant, minutes: int, after: int) -> None:
    with pytest.raises(ValueError, match=r"minutes|never"):
        kitchen.set_rules(by=shop.user, preparation_minutes=minutes, auto_pause_after=after)
    shop.refresh_from_db()
    assert (shop.preparation_minutes, shop.auto_pause_after) == (15, 3)


def test_the_usual_preparation_is_what_an_order_gets(shop: Restaurant) -> None:
    kitchen.set_rules(by=shop.user, preparation_minutes=25, auto_pause_after=3)
    order = kitchen.accept(factories.paid_order(restaurant=shop).id, by=shop.user)
    assert order.ready_by is not None and order.accepted_at is not None
    assert order.ready_by - order.accepted_at == timedelta(minutes=25)


def test_an_order_that_takes_longer(shop: Restaurant) -> None:
    order = factories.accepted_order(restaurant=shop, minutes=10)
    before, promised = order.version, order.ready_by
    assert promised is not None
    put_off = kitchen.delay(order.id, by=shop.user, minutes=5)
    assert (put_off.ready_by, put_off.status) == (promised + timedelta(minutes=5), "accepted")
    fact = put_off.history.get(type="order.delayed")
    assert (fact.sequence, fact.old_status, fact.new_status) == (before + 1, "accepted", "accepted")
    assert OutboxRow.objects.filter(type="order.delayed", key=str(order.id)).count() == 1


def test_minutes_are_added_to_now_where_the_promise_is_past(shop: Restaurant) -> None:
    order = factories.accepted_order(restaurant=shop, minutes=1)
    set_clock(at=city_now() + timedelta(minutes=30))
    put_off = kitchen.delay(order.id, by=shop.user, minutes=5)
    assert put_off.ready_by is not None
    assert timedelta(minutes=4) < put_off.ready_by - city_now() <= timedelta(minutes=5)


@pytest.mark.parametrize("minutes", [0, -5, 61, float("nan")])
def test_senseless_delays_change_nothing(shop: Restaurant, minutes: float) -> None:
    order = factories.accepted_order(restaurant=shop)
    with pytest.raises(ValueError, match="put off"):
        kitchen.delay(order.id, by=shop.user, minutes=minutes)
    assert not order.history.filter(type="order.delayed").exists()


def test_what_is_ready_cannot_take_longer(shop: Restaurant) -> None:
    order = factories.ready_order(restaurant=shop)
    with pytest.raises(IllegalTransition):
        kitchen.delay(order.id, by=shop.user, minutes=5)
    with pytest.raises(Order.DoesNotExist):
        kitchen.delay(order.id, by=factories.make_restaurant("bakery").user, minutes=5)


def test_seconds_to_answer_are_the_walls(shop: Restaurant) -> None:
    City.objects.update(speed=10)
    order = factories.paid_order(restaurant=shop)
    left, of_seconds = timeouts.seconds_to_answer([order.id])
    assert of_seconds == 90.0
    assert 85 < left[order.id] <= 90
    set_clock(at=city_now() + timedelta(hours=1))
    assert timeouts.seconds_to_answer([order.id])[0] == {order.id: 0.0}
    assert timeouts.seconds_to_answer([]) == ({}, 0.0)


def test_the_days_figures(shop: Restaurant) -> None:
    # given: noon, so that no part of the day is cut off by midnight
    set_clock(at=timezone.localtime(city_now()).replace(hour=12, minute=0))
    assert today_of(shop) == Today(0, 0, 0, 0, None, 0)
    factories.place_order(restaurant=shop)  # unpaid: not the restaurant's yet
    called_off = factories.paid_order(restaurant=shop)
    customer.cancel(called_off.id, by=called_off.customer, reason="test")
    kitchen.reject(factories.paid_order(restaurant=shop).id, by=shop.user, reason="We are closing")
    delivered = factories.accepted_order(restaurant=shop)
    set_clock(at=city_now() + timedelta(minutes=10))
    lifecycle.mark_ready(delivered.id, by=Actor("restaurant", shop.user_id))
    lifecycle.pick_up(delivered.id, by=Actor("courier", 1))
    lifecycle.deliver(delivered.id, by=Actor("courier", 1))
    factories.accepted_order(restaurant=shop)
    # then: 900 less 15 % is the restaurant's
    today = today_of(shop)
    assert (today.orders, today.accepted, today.answered, today.acceptance) == (4, 2, 3, 67)
    assert (today.delivered, today.revenue) == (1, 765)
    assert today.preparation is not None and 600 <= today.preparation < 660
    # and tomorrow begins with nothing
    set_clock(at=city_now() + timedelta(days=1))
    assert today_of(shop) == Today(0, 0, 0, 0, None, 0)
