"""Many at one instant: rounds, answers, deadlines. What holds here holds by the database's word."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import Value

from config.verify.couriers import history_names_one_courier, one_courier, within_capacity
from delivery import couriers, dispatch, offers, tasks
from delivery.locks import advisory_lock
from delivery.models import Assignment, Courier, Offer, Zone
from delivery.offers import OfferGone
from orders import lifecycle
from orders.city import CityAfter
from orders.lifecycle import Actor
from orders.models import City, Order, OrderHistory
from tests import factories
from tests.racing import at_once

from .conftest import facts, highest_load, offer_to
from .duel import Duel, start_over

pytestmark = pytest.mark.django_db(transaction=True)

Result = Any

#: Races of each kind; many more than these are for the fault matrix.
TRIALS = int(os.environ.get("FORKROAD_TRIALS", "60"))


def test_eight_workers_on_one_zone_give_twenty_orders_one_courier_each() -> None:
    people = [factories.make_courier(f"c-{n:02}", capacity=1 + n % 2) for n in range(12)]
    # Nobody stands two minutes at a door here before they are asked again.
    City.objects.update(dropoff_minutes=0)
    waiting = [factories.ready_order() for _ in range(20)]
    chance = random.Random(7)
    finished = threading.Event()
    deadline = time.monotonic() + 60

    def unfinished() -> bool:
        return not finished.is_set() and time.monotonic() < deadline

    def work() -> int:
        rounds = 0
        while unfinished():
            rounds += len(dispatch.dispatch("centre"))
            finished.wait(0.01)
        return rounds

    def ride(mine: list[Courier]) -> None:
        while unfinished():
            for courier in mine:
                for offer in Offer.objects.filter(courier=courier, state="open"):
                    answer = offers.decline if chance.random() < 0.15 else offers.accept
                    answer(offer.id, courier=courier)
                for job in Assignment.objects.filter(courier=courier, state="active"):
                    couriers.pick_up(job.order_id, courier=courier)
                    couriers.deliver(job.order_id, courier=courier)
            # Whoever refused is not asked again for five minutes of city time: here that is a moment.
            Offer.objects.filter(state="declined").update(answered_at=CityAfter(Value(-301)))
            if not Order.objects.exclude(status="delivered").exists():
                finished.set()

    results = at_once(*[work] * 8, *[lambda n=n: ride(people[n::3]) for n in range(3)])

    assert not [each for each in results if isinstance(each, Exception)]
    assert Counter(Order.objects.values_list("status", flat=True)) == {"delivered": 20}
    for order in waiting:
        assert Assignment.objects.filter(order=order, state="completed").count() == 1
        assert facts(order).count("courier.assigned") == 1
    for courier in people:
        assert highest_load(courier) <= courier.capacity
    assert [*one_courier(), *within_capacity(), *history_names_one_courier()] == []


def test_a_zones_calls_are_all_answered_whoever_runs_the_rounds() -> None:
    """Eight workers, each with ten commands: whenever the last one ends, no call is left over."""
    factories.make_zone()

    def ten() -> None:
        for _ in range(10):
            tasks.dispatch_zone(zone="centre")

    assert at_once(*[ten] * 8) == [None] * 8
    zone = Zone.objects.get()
    assert (zone.requested, zone.served) == (80, 80)


def test_a_worker_that_finds_the_zone_taken_leaves_it_to_the_holder(courier: Courier) -> None:
    order = factories.accepted_order()
    with advisory_lock("dispatch:centre") as held:
        assert held
        assert at_once(lambda: dispatch.dispatch("centre")) == [[]]
    assert facts(order) == []
    assert dispatch.owed("centre"), "whoever held the lock looks again after letting go"


def test_a_worker_that_dies_between_two_offers_is_followed_by_one_that_ends_its_work(
    courier: Courier, colleague: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [factories.accepted_order(minutes=2) for _ in range(2)]
    make = offers.make

    def die(*args: Any, **kwargs: Any) -> None:
        make(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(offers, "make", die)
    with pytest.raises(SystemExit):
        tasks.dispatch_zone(zone="centre")
    assert dispatch.owed("centre")
    assert sorted(len(facts(order)) for order in orders) == [0, 1]

    monkeypatch.setattr(offers, "make", make)
    for _ in range(10):
        tasks.dispatch_zone(zone="centre")
    assert [facts(order) for order in orders] == [["offer.made"]] * 2
    assert not dispatch.owed("centre")


def test_two_workers_race_for_one_order(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()

    def offer_it(to: Courier) -> Callable[[], Result]:
        return lambda: offers.make(order.id, courier_id=to.pk)

    with Duel(offer_it(courier), offer_it(colleague)) as duel:
        for trial in range(1, TRIALS + 1):
            results = duel.trial()
            won = [each for each in results if isinstance(each, Offer)]
            lost = [each for each in results if isinstance(each, IntegrityError) and offers.is_lost_race(each)]
            assert (len(won), len(lost)) == (1, 1), results
            assert facts(order).count("offer.made") == trial
            start_over(order)


def test_accepting_twice_at_one_instant_is_one_acceptance(courier: Courier) -> None:
    order = factories.accepted_order()
    offer = offer_to(courier, order)

    def press() -> Offer:
        return offers.accept(offer.id, courier=courier)

    with Duel(press, press) as duel:
        for trial in range(1, TRIALS + 1):
            assert [each.state for each in duel.trial()] == ["accepted", "accepted"]
            assert facts(order).count("courier.assigned") == trial
            start_over(order)
            offer = offer_to(courier, order)


def test_an_offer_accepted_as_it_expires_has_one_end(courier: Courier, colleague: Courier) -> None:
    """At the deadline itself the first courier accepts, and the sweeper moves on to a second who accepts at once."""
    Courier.objects.update(capacity=1)
    order = factories.accepted_order()
    chance = random.Random(21)
    offer = offer_to(courier, order)
    seen: Counter[str] = Counter()
    # Seconds to the deadline; each trial moves it towards the instant at which either may win on this machine.
    margin = 0.004

    def first() -> str:
        try:
            return offers.accept(offer.id, courier=courier).state
        except OfferGone as gone:
            return gone.code

    def second() -> str:
        if not offers.expire(offer.id):
            return "too early"
        return offers.accept(offer_to(colleague, order).id, courier=colleague).state

    with Duel(first, second) as duel:
        for _ in range(TRIALS):
            Courier.objects.update(timeouts=0)
            Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(margin * chance.uniform(0.5, 1.5))))
            order.refresh_from_db()
            before = order.version
            results = duel.trial()
            new = list(
                OrderHistory.objects.filter(order=order, sequence__gt=before)
                .order_by("sequence")
                .values_list("type", "payload__courier_id")
            )
            order.refresh_from_db()
            if results[0] == "accepted":
                assert (new, order.courier_id) == ([("courier.assigned", courier.pk)], courier.pk)
                assert results[1] == "too early"
            elif results[1] == "accepted":
                assert [kind for kind, _ in new] == ["offer.expired", "offer.made", "courier.assigned"]
                assert order.courier_id == colleague.pk
                assert results[0] in ("expired", "taken")
            else:
                # Refused just after the deadline, looked at by the sweeper just before: it ends a second later.
                assert (results, new) == (("expired", "too early"), [])
            winner = "first" if results[0] == "accepted" else "second" if results[1] == "accepted" else "nobody yet"
            seen[winner] += 1
            margin *= 0.7 if winner == "first" else 1.5
            start_over(order)
            offer = offer_to(courier, order)
    assert seen["first"] > 0 and seen["second"] > 0, f"the trials missed the instant: {seen}"


def test_accept_and_release_at_one_instant(courier: Courier) -> None:
    """An order is called off as it is accepted: either way the courier ends with empty hands and a true history."""
    for _ in range(12):
        order = factories.accepted_order()
        offer = offer_to(courier, order)

        def call_off(order: Order = order) -> bool:
            lifecycle.cancel(order.id, by=Actor("operator"), reason="test")
            return couriers.release(order.id)

        def take(offer: Offer = offer) -> str:
            try:
                return offers.accept(offer.id, courier=courier).state
            except OfferGone as gone:
                return gone.code

        taken, released = at_once(take, call_off)
        assert released is True
        expected = {
            "accepted": ["offer.made", "courier.assigned", "order.cancelled", "courier.released"],
            "withdrawn": ["offer.made", "order.cancelled", "offer.withdrawn"],
        }
        assert facts(order) == expected[str(taken)]
        assert not Assignment.objects.filter(courier=courier, state__in=["offered", "active"]).exists()
