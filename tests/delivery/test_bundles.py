"""An offer of several orders: taken or lost whole, and each order for itself once it is taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError

from config.verify.couriers import history_names_one_courier, one_courier, within_capacity
from delivery import couriers, offers
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from delivery.stops import stops_of
from orders import lifecycle
from orders.lifecycle import SYSTEM, Actor, lock_order
from orders.models import Order
from tests import factories
from tests.racing import at_once

from .conftest import bundle_to, commands, facts, highest_load, let_run_out

alone = pytest.mark.django_db
together = pytest.mark.django_db(transaction=True)


@pytest.fixture
def big_bag(courier: Courier) -> Courier:
    Courier.objects.update(capacity=3)
    courier.refresh_from_db()
    return courier


def call_off(order: Order) -> None:
    lifecycle.cancel(order.id, by=Actor("operator"), reason="test")


def states(offer: Offer) -> list[str]:
    return list(offer.assignments.order_by("door").values_list("state", flat=True))


def later_facts(order: Order) -> list[str]:
    return facts(order)[1:]


def promised() -> bool:
    return [*one_courier(), *within_capacity(), *history_names_one_courier()] == []


@alone
def test_a_bundle_is_one_offer_in_the_sequence_of_its_doors(big_bag: Courier) -> None:
    offer, first, second = bundle_to(big_bag)
    assert list(offer.assignments.order_by("door").values_list("order_id", flat=True)) == [first.id, second.id]
    assert [later_facts(order) for order in (first, second)] == [["offer.made"]] * 2
    offers.accept(offer.id, courier=big_bag)
    assert states(offer) == ["active", "active"]
    assert {order.courier_id for order in Order.objects.all()} == {big_bag.pk}
    assert highest_load(big_bag) == 2
    assert promised()


@alone
def test_a_bundle_larger_than_the_bag_is_not_offered(courier: Courier) -> None:
    Courier.objects.update(capacity=2)
    orders = [factories.ready_order() for _ in range(3)]
    assert offers.make(*[order.id for order in orders], courier_id=courier.pk) is None
    assert [later_facts(order) for order in orders] == [[]] * 3
    assert not Offer.objects.exists()


@alone
def test_a_bundle_with_an_order_that_is_gone_is_not_offered_at_all(big_bag: Courier, colleague: Courier) -> None:
    taken, free = factories.ready_order(), factories.ready_order()
    offers.make(taken.id, courier_id=colleague.pk)
    with pytest.raises(IntegrityError) as refused:
        offers.make(free.id, taken.id, courier_id=big_bag.pk)
    assert offers.is_lost_race(refused.value)


@alone
def test_a_bundle_with_an_order_that_ended_is_not_offered_at_all(big_bag: Courier) -> None:
    free, ended = factories.ready_order(), factories.ready_order()
    call_off(ended)
    assert offers.make(free.id, ended.id, courier_id=big_bag.pk) is None
    assert later_facts(free) == []


@alone
@pytest.mark.parametrize("end", ["decline", "expire", "withdraw"])
def test_a_bundle_that_is_not_taken_goes_on_whole(big_bag: Courier, end: str) -> None:
    offer, first, second = bundle_to(big_bag)
    before = commands("delivery.dispatch_zone")
    if end == "decline":
        offers.decline(offer.id, courier=big_bag)
    elif end == "expire":
        let_run_out(offer)
        assert offers.expire(offer.id)
    else:
        assert offers.withdraw(offer.id, by=SYSTEM, reason="test")
    assert states(offer) == ["ended", "ended"]
    name = {"decline": "offer.declined", "expire": "offer.expired", "withdraw": "offer.withdrawn"}[end]
    assert [later_facts(order) for order in (first, second)] == [["offer.made", name]] * 2
    assert commands("delivery.dispatch_zone") == before + 1
    assert Courier.objects.get(pk=big_bag.pk).timeouts == (1 if end == "expire" else 0), "one offer, one time-out"
    assert promised()


@alone
def test_while_it_is_offered_one_cancellation_takes_the_bundle_back(big_bag: Courier) -> None:
    offer, first, second = bundle_to(big_bag)
    call_off(second)
    with pytest.raises(OfferGone) as gone:
        offers.accept(offer.id, courier=big_bag)
    assert gone.value.code == "withdrawn"
    assert couriers.release(first.id) is False, "it lives on"
    assert [couriers.release(second.id), couriers.release(second.id)] == [True, False]
    assert states(offer) == ["ended", "ended"]
    assert later_facts(first) == ["offer.made", "offer.withdrawn"]
    assert later_facts(second) == ["offer.made", "order.cancelled", "offer.withdrawn"]
    again = offers.make(first.id, courier_id=big_bag.pk)
    assert again is not None
    assert promised()


@alone
def test_once_it_is_taken_a_cancelled_order_leaves_the_others_with_their_courier(big_bag: Courier) -> None:
    offer, first, second = bundle_to(big_bag)
    offers.accept(offer.id, courier=big_bag)
    call_off(first)
    assert couriers.release(first.id) is True
    assert states(offer) == ["ended", "active"]
    couriers.pick_up(second.id, courier=big_bag)
    couriers.deliver(second.id, courier=big_bag)
    assert states(offer) == ["ended", "completed"]
    assert later_facts(first) == ["offer.made", "courier.assigned", "order.cancelled", "courier.released"]
    assert later_facts(second) == ["offer.made", "courier.assigned", "order.picked_up", "order.delivered"]
    assert promised()


@alone
def test_the_way_leads_to_the_counter_for_all_and_then_from_door_to_door(big_bag: Courier) -> None:
    offer, first, second = bundle_to(big_bag)
    offers.accept(offer.id, courier=big_bag)

    def way() -> list[tuple[str, list[object], bool]]:
        held = Assignment.objects.filter(courier=big_bag, state="active").order_by("offer__made_at", "offer", "door")
        return [(stop.kind, [order.id for order in stop.orders], stop.ready) for stop in stops_of(held)]

    doors = [("dropoff", [first.id], False), ("dropoff", [second.id], False)]
    assert way() == [("pickup", [first.id, second.id], True), *doors]
    couriers.pick_up(first.id, courier=big_bag)
    assert way() == [("pickup", [second.id], True), ("dropoff", [first.id], True), doors[1]]
    couriers.pick_up(second.id, courier=big_bag)
    couriers.deliver(first.id, courier=big_bag)
    assert way() == [("dropoff", [second.id], True)]


@alone
def test_nobody_goes_to_the_counter_before_all_is_ready_nor_for_what_was_called_off(big_bag: Courier) -> None:
    ready, cooking, ended = factories.ready_order(), factories.accepted_order(), factories.accepted_order()
    offer = offers.make(ready.id, cooking.id, ended.id, courier_id=big_bag.pk)
    assert offer is not None
    offers.accept(offer.id, courier=big_bag)
    call_off(ended)
    stops = stops_of(Assignment.objects.filter(offer=offer).order_by("door"))
    assert [(stop.kind, [order.id for order in stop.orders]) for stop in stops] == [
        ("pickup", [ready.id, cooking.id]),
        ("dropoff", [ready.id]),
        ("dropoff", [cooking.id]),
    ]
    assert stops[0].ready is False


def offering(courier: Courier, *orders: Order) -> Callable[[], object]:
    def make() -> object:
        try:
            return offers.make(*[order.id for order in orders], courier_id=courier.pk)
        except IntegrityError as error:
            assert offers.is_lost_race(error)
            return None

    return make


@together
def test_two_bundles_of_the_same_orders_at_one_instant_are_one_offer(big_bag: Courier, colleague: Courier) -> None:
    Courier.objects.update(capacity=3)
    first, second = factories.ready_order(), factories.ready_order()
    for _ in range(15):
        results = at_once(offering(big_bag, first, second), offering(colleague, second, first))
        assert sorted(isinstance(each, Offer) for each in results) == [False, True], results
        offers.withdraw(Offer.objects.get(state="open").pk, reason="again")
    assert promised()


@together
def test_without_the_one_sequence_of_locks_those_two_would_wait_for_each_other(
    big_bag: Courier, colleague: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    Courier.objects.update(capacity=3)
    first, second = factories.ready_order(), factories.ready_order()
    meeting = threading.Barrier(2)

    def as_they_come(order_ids: tuple[object, ...]) -> list[Order]:
        locked = []
        for order_id in order_ids:
            locked.append(lock_order(str(order_id)))
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=2)
        return locked

    monkeypatch.setattr(offers, "lock_orders", as_they_come)
    results = at_once(offering(big_bag, first, second), offering(colleague, second, first))
    assert sum(isinstance(each, OperationalError) for each in results) == 1, results


@together
def test_both_orders_of_an_open_bundle_called_off_at_one_instant(big_bag: Courier) -> None:
    for _ in range(10):
        offer, first, second = bundle_to(big_bag)

        def release(order: Order) -> Callable[[], bool]:
            def both() -> bool:
                call_off(order)
                return couriers.release(order.id)

            return both

        results = at_once(release(first), release(second))
        assert all(isinstance(each, bool) for each in results), results
        assert states(offer) == ["ended", "ended"]
        assert not Assignment.objects.filter(courier=big_bag, state__in=["offered", "active"]).exists()
    assert promised()


@together
def test_a_bundle_accepted_as_one_of_its_orders_is_called_off(big_bag: Courier) -> None:
    """Either the courier has the other order alone, or nothing: never a bundle with a hole in its history."""
    seen = set()
    for _ in range(15):
        offer, first, second = bundle_to(big_bag)

        def take(offer: Offer = offer) -> str:
            try:
                return offers.accept(offer.id, courier=big_bag).state
            except OfferGone as gone:
                return gone.code

        def end(second: Order = second) -> bool:
            call_off(second)
            return couriers.release(second.id)

        taken, released = at_once(take, end)
        assert released is True
        seen.add(str(taken))
        assert states(offer) == (["active", "ended"] if taken == "accepted" else ["ended", "ended"])
        if taken == "accepted":
            couriers.pick_up(first.id, courier=big_bag)
            couriers.deliver(first.id, courier=big_bag)
        assert highest_load(big_bag) == 2
    assert seen <= {"accepted", "withdrawn"}
    assert promised()


@together
def test_a_bundle_accepted_as_it_expires_has_one_end(big_bag: Courier) -> None:
    for _ in range(15):
        offer, first, second = bundle_to(big_bag)
        let_run_out(offer)
        Offer.objects.filter(pk=offer.pk).update(state="open")

        def take(offer: Offer = offer) -> str:
            try:
                return offers.accept(offer.id, courier=big_bag).state
            except OfferGone as gone:
                return gone.code

        taken, ended = at_once(take, partial(offers.expire, offer.id))
        assert (taken, ended) == ("expired", True)
        assert states(offer) == ["ended", "ended"]
        assert [facts(order)[-1] for order in (first, second)] == ["offer.expired"] * 2
        Courier.objects.update(timeouts=0)
    assert promised()
