"""What a restaurant's people do, what they may not, and what is told of it; and restaurants that do not answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from accounts.models import User
from messaging.models import OutboxRow
from messaging.outbox import transaction_id
from orders import kitchen, timeouts
from orders.city import city_now, set_clock
from orders.lifecycle import IllegalTransition
from orders.models import City, MenuItem, Order, Restaurant
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def restaurant() -> Restaurant:
    return factories.make_restaurant()


def told(restaurant: Restaurant) -> list[tuple[str, int | None]]:
    rows = OutboxRow.objects.filter(destination="restaurants.events", key=str(restaurant.id)).order_by("id")
    return [(row.type, row.sequence) for row in rows]


def test_accepting_promises_a_time(restaurant: Restaurant) -> None:
    order = factories.paid_order(restaurant=restaurant)
    accepted = kitchen.accept(order.id, by=restaurant.user, preparation_minutes=12.5)
    assert accepted.accepted_at is not None
    assert (accepted.status, accepted.ready_by) == ("accepted", accepted.accepted_at + timedelta(minutes=12.5))
    last = OutboxRow.objects.filter(road="sqs").latest("id")
    assert (last.type, last.key, msgspec.json.decode(bytes(last.payload))) == (
        "delivery.dispatch_zone",
        "centre",
        {"zone": "centre", "since": transaction_id()},
    )


def test_without_a_time_the_usual_one_counts(restaurant: Restaurant) -> None:
    accepted = kitchen.accept(factories.paid_order(restaurant=restaurant).id, by=restaurant.user)
    assert accepted.accepted_at is not None
    assert accepted.ready_by == accepted.accepted_at + timedelta(minutes=restaurant.preparation_minutes)


@pytest.mark.parametrize("minutes", [-1, 24 * 60 + 1, float("nan"), float("inf")])
def test_impossible_times_change_nothing(restaurant: Restaurant, minutes: float) -> None:
    order = factories.paid_order(restaurant=restaurant)
    with pytest.raises(ValueError, match="preparation"):
        kitchen.accept(order.id, by=restaurant.user, preparation_minutes=minutes)
    order.refresh_from_db()
    assert (order.status, order.version) == ("paid", 2)


MOVES: list[Callable[[Order, User], object]] = [
    lambda order, by: kitchen.accept(order.id, by=by),
    lambda order, by: kitchen.reject(order.id, by=by, reason="x"),
    lambda order, by: kitchen.ready(order.id, by=by),
    lambda order, by: kitchen.cancel(order.id, by=by, reason="x"),
]


@pytest.mark.parametrize("move", MOVES)
def test_unpaid_and_foreign_orders_do_not_exist(restaurant: Restaurant, move: Callable[[Order, User], object]) -> None:
    unpaid = factories.place_order(restaurant=restaurant)
    paid = factories.paid_order(restaurant=restaurant)
    other = factories.make_restaurant("bakery")
    for order, by in [(unpaid, restaurant.user), (paid, other.user), (paid, factories.charlie())]:
        with pytest.raises(Order.DoesNotExist):
            move(order, by)
    assert {order.status for order in Order.objects.all()} == {"placed", "paid"}


def test_accepting_twice_is_refused_and_says_where_the_order_stands(restaurant: Restaurant) -> None:
    order = factories.accepted_order(restaurant=restaurant)
    with pytest.raises(IllegalTransition, match=f"order {order.number} is accepted: the restaurant cannot make it"):
        kitchen.accept(order.id, by=restaurant.user)


def test_an_item_runs_out_and_comes_back(restaurant: Restaurant) -> None:
    soup = restaurant.items.get(name="Soup")
    for _ in range(2):
        assert kitchen.set_sold_out(soup.id, by=restaurant.user, sold_out=True).sold_out is True
    assert kitchen.set_sold_out(soup.id, by=restaurant.user, sold_out=False).sold_out is False
    assert told(restaurant) == [("restaurant.item_sold_out", 1), ("restaurant.item_available", 2)]


def test_pausing(restaurant: Restaurant) -> None:
    for paused in (False, True, True, False):
        assert kitchen.set_paused(by=restaurant.user, paused=paused).paused is paused
    assert told(restaurant) == [("restaurant.paused", 1), ("restaurant.resumed", 2)]


def test_anothers_items_do_not_exist(restaurant: Restaurant) -> None:
    soup = restaurant.items.get(name="Soup")
    with pytest.raises(MenuItem.DoesNotExist):
        kitchen.set_sold_out(soup.id, by=factories.make_restaurant("bakery").user, sold_out=True)
    with pytest.raises(Restaurant.DoesNotExist):
        kitchen.set_sold_out(soup.id, by=factories.charlie(), sold_out=True)
    soup.refresh_from_db()
    assert (soup.sold_out, told(restaurant)) == (False, [])


def later(minutes: float) -> None:
    set_clock(at=city_now() + timedelta(minutes=minutes))


def test_a_restaurant_that_does_not_answer_loses_the_order(restaurant: Restaurant) -> None:
    old = factories.paid_order(restaurant=restaurant)
    later(10)
    young = factories.paid_order(restaurant=restaurant)
    accepted = factories.accepted_order(restaurant=restaurant)
    later(5.1)

    assert timeouts.reject_unconfirmed(limit=10) == 1
    assert timeouts.reject_unconfirmed(limit=10) == 0

    for order in (old, young, accepted):
        order.refresh_from_db()
    assert (old.status, young.status, accepted.status) == ("rejected", "paid", "accepted")
    fact = old.history.get(type="order.rejected")
    assert (fact.actor_role, fact.reason) == ("system", "the restaurant did not answer in time")
    assert OutboxRow.objects.filter(type="payments.void", key=str(old.id)).count() == 1


def test_not_more_than_asked_for_and_the_oldest_first(restaurant: Restaurant) -> None:
    first = factories.paid_order(restaurant=restaurant)
    later(1)
    factories.paid_order(restaurant=restaurant)
    later(20)
    assert timeouts.reject_unconfirmed(limit=1) == 1
    first.refresh_from_db()
    assert first.status == "rejected"


def test_a_fast_clock_leaves_a_human_time_to_answer(restaurant: Restaurant) -> None:
    City.objects.update(speed=120)
    factories.paid_order(restaurant=restaurant)
    later(30)  # twice the city's rule, but 15 seconds of the wall's clock
    assert timeouts.reject_unconfirmed(limit=10) == 0
    later(31)
    assert timeouts.reject_unconfirmed(limit=10) == 1
