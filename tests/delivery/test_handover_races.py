"""Operators and couriers at one instant: one of them wins, the other is told, and no order has two couriers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from config.verify.couriers import history_names_one_courier, one_courier, order_names_its_courier, within_capacity
from delivery import couriers, handover, offers
from delivery.handover import HandoverRefused
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories

from .conftest import let_run_out, offer_to
from .duel import Duel, start_over

pytestmark = pytest.mark.django_db(transaction=True)

TRIALS = int(os.environ.get("FORKROAD_TRIALS", "25"))
LEFT, RIGHT = Actor("operator", 1), Actor("operator", 2)


def outcome(verb: Callable[[], Any]) -> Callable[[], str]:
    """What came of it in a word: done, or the code of the refusal. Anything else is a fault."""

    def run() -> str:
        try:
            verb()
        except (HandoverRefused, OfferGone) as refused:
            return refused.code
        except couriers.JobReleased:
            return "released"
        return "done"

    return run


@pytest.fixture
def third(colleague: Courier) -> Courier:
    return factories.make_courier("c-03")


def holder(order: Order) -> int:
    """The one courier who has the order, by every book."""
    assert [*one_courier(), *history_names_one_courier(), *order_names_its_courier(), *within_capacity()] == []
    return Assignment.objects.get(order=order, state="active").courier_id


def test_two_operators_assign_one_order(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()

    def give(to: Courier, by: Actor) -> Callable[[], str]:
        return outcome(lambda: handover.assign(order.pk, to=to.pk, by=by, reason="better_placed"))

    with Duel(give(courier, LEFT), give(colleague, RIGHT)) as duel:
        for _ in range(TRIALS):
            left, right = duel.trial()
            assert {left, right} == {"done", "taken"}
            assert holder(order) == (courier.pk if left == "done" else colleague.pk)
            handover.withdraw(order.pk, held_by=holder(order), by=LEFT, reason="better_placed")


def test_two_operators_reassign_one_order(courier: Courier, colleague: Courier, third: Courier) -> None:
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)

    def give(to: Courier, by: Actor) -> Callable[[], str]:
        return outcome(lambda: handover.reassign(order.pk, held_by=courier.pk, to=to.pk, by=by, reason="better_placed"))

    with Duel(give(colleague, LEFT), give(third, RIGHT)) as duel:
        for _ in range(TRIALS):
            left, right = duel.trial()
            assert {left, right} == {"done", "moved"}
            now = holder(order)
            assert now == (colleague.pk if left == "done" else third.pk)
            handover.reassign(order.pk, held_by=now, to=courier.pk, by=LEFT, reason="better_placed")


def test_two_operators_exchange_the_orders_of_two_couriers(courier: Courier, colleague: Courier) -> None:
    """Each takes both couriers' locks: in any sequence but that of ids they would wait for each other for ever."""
    Courier.objects.update(capacity=2)
    first, second = factories.accepted_order(), factories.accepted_order()
    offers.accept(offer_to(courier, first).pk, courier=courier)
    offers.accept(offer_to(colleague, second).pk, courier=colleague)
    places = {first.pk: [courier, colleague], second.pk: [colleague, courier]}

    def move(order: Order, by: Actor) -> Callable[[], str]:
        def run() -> None:
            here, there = places[order.pk]
            handover.reassign(order.pk, held_by=here.pk, to=there.pk, by=by, reason="better_placed")
            places[order.pk].reverse()

        return outcome(run)

    with Duel(move(first, LEFT), move(second, RIGHT)) as duel:
        for _ in range(TRIALS):
            assert duel.trial() == ("done", "done")
            assert [holder(order) for order in (first, second)] == [places[o.pk][0].pk for o in (first, second)]


def test_an_operator_assigns_as_the_courier_accepts(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    seen: Counter[str] = Counter()

    def accept() -> Any:
        return offers.accept(offer.pk, courier=courier)

    def assign() -> Any:
        return handover.assign(order.pk, to=colleague.pk, by=LEFT, reason="better_placed")

    with Duel(outcome(accept), outcome(assign)) as duel:
        for _ in range(TRIALS):
            answers = duel.trial()
            assert answers in {("done", "taken"), ("taken", "done")}
            assert holder(order) == (courier.pk if answers[0] == "done" else colleague.pk)
            seen[answers[0]] += 1
            handover.withdraw(order.pk, held_by=holder(order), by=LEFT, reason="better_placed")
            offer = offer_to(courier, order)


def test_an_operator_withdraws_as_the_courier_answers(courier: Courier) -> None:
    """Accepts or declines; and the sweeper ends the offer at the same instant in every third trial."""
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    verb: Callable[[], Any] = lambda: None  # noqa: E731 - replaced in each trial

    def answer() -> Any:
        return verb()

    def take() -> Any:
        return handover.withdraw(order.pk, held_by=courier.pk, by=LEFT, reason="courier_silent")

    def refused(before: Offer) -> str:
        return Offer.objects.get(pk=before.pk).state

    with Duel(outcome(answer), outcome(take)) as duel:
        for trial in range(TRIALS):
            kind = ("accept", "decline", "expire")[trial % 3]
            if kind == "expire":
                let_run_out(offer)
                verb = lambda: offers.expire(offer.pk)  # noqa: E731, B023 - the trial ends before they change
            else:
                press = offers.accept if kind == "accept" else offers.decline
                verb = lambda: press(offer.pk, courier=courier)  # noqa: E731, B023
            answers = duel.trial()
            ends = {
                "accept": {("done", "done"): "accepted", ("withdrawn", "done"): "withdrawn"},
                "decline": {("done", "moved"): "declined", ("withdrawn", "done"): "withdrawn"},
                "expire": {("done", "moved"): "expired", ("done", "done"): "withdrawn"},
            }[kind]
            assert refused(offer) == ends[answers]
            assert not Assignment.objects.filter(order=order, state__in=["offered", "active"]).exists()
            assert [*one_courier(), *order_names_its_courier(), *history_names_one_courier()] == []
            start_over(order)
            Courier.objects.update(timeouts=0)
            offer = offer_to(courier, order)


def test_an_operator_reassigns_as_the_courier_picks_up(courier: Courier, colleague: Courier) -> None:
    for _ in range(max(6, TRIALS // 4)):
        order = factories.ready_order()
        offers.accept(offer_to(courier, order).pk, courier=courier)

        def pick_up(order: Order = order) -> Any:
            return couriers.pick_up(order.pk, courier=courier)

        def reassign(order: Order = order) -> Any:
            return handover.reassign(order.pk, held_by=courier.pk, to=colleague.pk, by=LEFT, reason="courier_silent")

        with Duel(outcome(pick_up), outcome(reassign)) as duel:
            picked, moved = duel.trial()
        order.refresh_from_db()
        assert (picked, moved) in {("done", "done"), ("released", "done")}
        assert order.status == ("picked_up" if picked == "done" else "ready")
        assert holder(order) == colleague.pk
        if order.status == "ready":
            couriers.pick_up(order.pk, courier=colleague)
        couriers.deliver(order.pk, courier=colleague)
