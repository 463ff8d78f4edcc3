"""Rounds of a zone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Value

from config.verify.couriers import one_courier, within_capacity
from delivery import couriers, dispatch, duties, offers, selectors, tasks
from delivery.couriers import SET_ASIDE
from delivery.dispatch import Round
from delivery.models import Assignment, Courier, Offer, Plan, Zone
from delivery.planning import Job, View
from delivery.planning.planner import Planner
from messaging import outbox
from messaging.models import Incident
from messaging.models.incident import resolve_incident
from orders import lifecycle
from orders.city import CityAfter, city_now
from orders.lifecycle import Actor
from orders.models import City, Order, OrderHistory
from tests import factories
from tests.factories import COUNTER

from .conftest import commands, facts, let_run_out, offer_to

pytestmark = pytest.mark.django_db


def due_order() -> Order:
    """One whose courier must set out now: it takes two minutes at the counter to the moment when it is ready."""
    return factories.accepted_order(minutes=2)


def spoil(order: Order) -> OrderHistory:
    """Put a row into its history that should not be there, so that no fact can be recorded any more."""
    return OrderHistory.objects.create(
        order=order,
        sequence=order.version + 1,
        event_id=uuid.uuid4(),
        type="stray",
        new_status="accepted",
        actor_role="system",
        payload={},
        at=order.placed_at,
    )


def offered_to(order: Order) -> int | None:
    return Assignment.objects.filter(order=order, state="offered").values_list("courier_id", flat=True).first()


def test_a_round_offers_the_order_to_the_nearest_courier(courier: Courier) -> None:
    far = factories.make_courier("far", at=(COUNTER[0] + 0.05, COUNTER[1]))
    order = due_order()
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(order) == courier.pk
    assert not far.offers.exists()


def test_a_round_stores_which_call_it_answered(courier: Courier) -> None:
    dispatch.dispatch("centre")
    dispatch.request("centre")
    zone = Zone.objects.get(pk="centre")
    assert (zone.requested, zone.served) == (2, 1)
    dispatch.dispatch("centre")
    zone.refresh_from_db()
    assert (zone.requested, zone.served) == (3, 3)
    assert zone.served_at is not None


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(Zone.DoesNotExist):
        dispatch.dispatch("atlantis")


def test_a_zone_looks_after_its_own(courier: Courier) -> None:
    due_order()
    factories.make_courier("harbour-1", zone="harbour")
    assert dispatch.dispatch("harbour") == [Round()]
    assert not Offer.objects.exists()


def test_ten_deliveries_of_one_command_make_one_offer(courier: Courier, colleague: Courier) -> None:
    order = due_order()
    for _ in range(10):
        tasks.dispatch_zone(zone="centre")
    assert facts(order) == ["offer.made"]


def test_after_a_refusal_the_next_courier_is_asked(courier: Courier, colleague: Courier) -> None:
    order = due_order()
    asked = []
    for answer in (offers.decline, None):
        dispatch.dispatch("centre")
        offer = Offer.objects.get(state="open")
        asked.append(offer.courier_id)
        if answer is not None:
            answer(offer.id, courier=offer.courier)
    assert sorted(asked) == sorted([courier.pk, colleague.pk])
    offer = Offer.objects.get(state="open")
    let_run_out(offer)
    offers.expire(offer.id)
    assert dispatch.dispatch("centre") == [Round()], "nobody is left to ask for now"
    assert facts(order) == ["offer.made", "offer.declined", "offer.made", "offer.expired"]


def test_who_refused_is_asked_again_after_a_while(courier: Courier) -> None:
    order = due_order()
    dispatch.dispatch("centre")
    offers.decline(Offer.objects.get().id, courier=courier)
    assert dispatch.dispatch("centre") == [Round()]
    Offer.objects.update(answered_at=CityAfter(Value(-selectors.ASK_AGAIN_AFTER.total_seconds() - 1)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    made = OrderHistory.objects.filter(order=order, type="offer.made").order_by("sequence")
    assert [each.payload["attempt"] for each in made] == [1, 2]


def test_an_order_refused_by_many_is_tried_with_less_hurry(courier: Courier, colleague: Courier) -> None:
    City.objects.update(max_offers=1)
    order = due_order()
    offers.decline(offer_to(courier, order).id, courier=courier)
    assert Incident.objects.filter(kind="undispatched", subject=str(order.id)).exists()
    assert dispatch.dispatch("centre") == [Round()]
    Offer.objects.update(answered_at=CityAfter(Value(-selectors.UNHURRIED.total_seconds() - 1)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(order) == colleague.pk


def test_only_empty_hands_are_asked(courier: Courier) -> None:
    first = due_order()
    assert dispatch.dispatch("centre") == [Round(made=1)]
    Courier.objects.update(capacity=3)
    second = due_order()
    assert dispatch.dispatch("centre") == [Round()], "an offer is open"
    offers.accept(Offer.objects.get().id, courier=courier)
    assert dispatch.dispatch("centre") == [Round()], "on the way"
    lifecycle.mark_ready(first.id, by=Actor("restaurant"))
    couriers.pick_up(first.id, courier=courier)
    assert dispatch.dispatch("centre") == [Round()], "on the way to a door"
    couriers.deliver(first.id, courier=courier)
    assert dispatch.dispatch("centre") == [Round()], "still at the door"
    Order.objects.filter(pk=first.pk).update(delivered_at=CityAfter(Value(-121)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(second) == courier.pk


def test_an_order_is_kept_until_its_courier_must_leave(courier: Courier) -> None:
    """Nearer couriers may come free, and more orders of the restaurant may come in: who need not leave is not asked."""
    order = factories.accepted_order(minutes=15)
    assert dispatch.dispatch("centre") == [Round()]
    assert Plan.objects.get(zone="centre").memory["kept"] == {str(courier.pk): [[str(order.id)]]}
    zone = Zone.objects.get(pk="centre")
    assert zone.due_at is not None
    assert 55 < (zone.due_at - city_now()).total_seconds() <= 60, "looked at again in a minute"
    Order.objects.update(ready_by=CityAfter(Value(120 + 15 + 30)))
    assert dispatch.dispatch("centre") == [Round()]
    zone.refresh_from_db()
    assert 25 < (zone.due_at - city_now()).total_seconds() <= 31, "or when its courier must leave, if that is sooner"
    Order.objects.update(ready_by=CityAfter(Value(120 + 15)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    zone.refresh_from_db()
    assert zone.due_at is None, "nothing waits"


def test_a_round_that_is_due_is_called_for_once(courier: Courier) -> None:
    factories.accepted_order(minutes=15)
    dispatch.dispatch("centre")
    before = commands("delivery.dispatch_zone")
    assert duties.begin_rounds() == 0, "in a minute"
    Zone.objects.update(due_at=CityAfter(Value(-1)))
    assert [duties.begin_rounds(), duties.begin_rounds()] == [1, 0]
    assert commands("delivery.dispatch_zone") == before + 1
    dispatch.dispatch("centre")
    assert Zone.objects.get(pk="centre").due_at is not None


def test_orders_wait_for_somebody_to_come_online_and_are_looked_at_meanwhile() -> None:
    order = due_order()
    assert dispatch.dispatch("centre") == [Round()]
    assert Zone.objects.get(pk="centre").due_at is not None
    courier = factories.make_courier()
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(order) == courier.pk


def test_a_plan_that_was_lost_or_is_of_another_day_costs_no_order(courier: Courier) -> None:
    order = due_order()
    stranger = str(uuid.uuid4())
    kept = {"999": [[stranger]], str(courier.pk): [[stranger], [str(order.id), stranger]]}
    Plan.objects.create(zone_id="centre", memory={"kept": kept, "demand": {"x": 1}})
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(order) == courier.pk
    Plan.objects.all().delete()
    assert dispatch.dispatch("centre") == [Round()]


@pytest.mark.parametrize("policy", ["linear", "nearest_first"])
def test_the_setting_names_the_policy(courier: Courier, settings: Any, policy: str) -> None:
    settings.DISPATCH_POLICY = policy
    order = factories.accepted_order(minutes=15)
    assert dispatch.dispatch("centre") == [Round(made=1)], "these ask at once"
    assert offered_to(order) == courier.pk


def test_two_orders_of_a_restaurant_for_doors_side_by_side_are_one_offer(courier: Courier) -> None:
    Courier.objects.update(capacity=3)
    orders = {due_order().id for _ in range(2)}
    assert dispatch.dispatch("centre") == [Round(made=1)]
    offer = Offer.objects.get()
    assert set(offer.assignments.values_list("order_id", flat=True)) == orders
    assert sorted(offer.assignments.values_list("door", flat=True)) == [0, 1]
    assert [*one_courier(), *within_capacity()] == []


def test_nobody_is_offered_more_than_they_can_carry(courier: Courier) -> None:
    Courier.objects.update(capacity=2)
    for _ in range(3):
        due_order()
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert Assignment.objects.filter(courier=courier).count() == 2


def test_a_broken_order_does_not_take_its_bundle_with_it(courier: Courier) -> None:
    Courier.objects.update(capacity=3)
    broken, whole = due_order(), due_order()
    spoil(broken)
    assert dispatch.dispatch("centre") == [Round(made=1, set_aside=1)]
    assert (offered_to(broken), offered_to(whole)) == (None, courier.pk)
    assert Incident.objects.get().subject == str(broken.id)


def test_an_order_nobody_said_when_it_is_ready_is_set_aside_and_the_zone_goes_on(courier: Courier) -> None:
    broken, whole = due_order(), due_order()
    Order.objects.filter(pk=broken.pk).update(ready_by=None)
    assert dispatch.dispatch("centre") == [Round(made=1, set_aside=1)]
    assert offered_to(whole) == courier.pk
    assert Incident.objects.get().subject == str(broken.id)
    assert selectors.why_no_courier(broken).startswith("set aside:")


def test_an_order_whose_offer_fails_is_set_aside_until_somebody_resolves_it(
    courier: Courier, colleague: Courier
) -> None:
    broken, whole = due_order(), due_order()
    stray = spoil(broken)
    assert dispatch.dispatch("centre") == [Round(made=1, set_aside=1)]
    assert offered_to(whole) is not None
    assert dispatch.dispatch("centre") == [Round()], "it is left out from now on"
    stray.delete()
    resolve_incident(SET_ASIDE, str(broken.id))
    assert dispatch.dispatch("centre") == [Round(made=1)]


def test_what_changed_since_the_snapshot_is_skipped(courier: Courier) -> None:
    """Between look and offer another round gave the order away: the index has the last word."""
    order = due_order()
    colleague = factories.make_courier("quicker")

    class Slow(Planner):
        def decide(self, view: View) -> list[Job]:
            jobs = super().decide(view)
            offer_to(colleague if jobs[0].courier == str(courier.pk) else courier, order)
            return jobs

    assert dispatch.dispatch("centre", policy=Slow()) == [Round(skipped=1)]
    assert facts(order) == ["offer.made"]
    assert not Incident.objects.exists()


def test_a_call_during_a_round_gets_a_round_of_its_own(courier: Courier) -> None:
    """The order arrives after the snapshot; its call finds the zone's lock taken and leaves it to the holder."""
    late: list[Order] = []

    class Slow(Planner):
        def decide(self, view: View) -> list[Job]:
            jobs = super().decide(view)
            if not late:
                late.append(factories.ready_order())
                dispatch.request("centre")
            return jobs

    assert dispatch.dispatch("centre", policy=Slow()) == [Round(), Round(made=1)]
    assert offered_to(late[0]) == courier.pk


def test_a_zone_that_never_rests_is_handed_on(courier: Courier, settings: Any) -> None:
    settings.TASK_LIMIT_SECONDS = 0.0
    before = commands("delivery.dispatch_zone")
    assert dispatch.dispatch("centre") == []
    assert commands("delivery.dispatch_zone") == before + 1


def test_why_an_order_has_no_courier() -> None:
    order = factories.paid_order()
    assert selectors.why_no_courier(order) == "its restaurant has not accepted it"
    order = due_order()
    assert selectors.why_no_courier(order) == "no courier is online in centre"
    courier = factories.make_courier()
    assert selectors.why_no_courier(order) == "a courier is free: a round is due"
    dispatch.request("centre")
    assert selectors.why_no_courier(order) == "the next round looks at it"
    Zone.objects.update(served=1, due_at=CityAfter(Value(60)))
    assert selectors.why_no_courier(order) == "it is planned: a courier is asked when they must set out"
    Zone.objects.update(due_at=None)
    offer = offer_to(courier, order)
    assert selectors.why_no_courier(order) == "offered to c-01, who has not answered"
    assert selectors.why_no_courier(due_order()) == "every courier in centre is busy"
    offers.decline(offer.id, courier=courier)
    assert selectors.why_no_courier(order).startswith("every free courier in centre declined it")
    offers.accept(offer_to(courier, order).id, courier=courier)
    assert selectors.why_no_courier(order) == ""


@pytest.mark.django_db(transaction=True)
def test_a_call_is_answered_by_a_round_that_looked_after_its_commit() -> None:
    factories.make_courier("c-01")
    with transaction.atomic():
        first = outbox.transaction_id()
    assert dispatch.dispatch("centre", since=first) == [Round()]
    assert dispatch.dispatch("centre", since=first) == [], "that round saw it"
    with transaction.atomic():
        second = outbox.transaction_id()
    assert dispatch.dispatch("centre", since=second) == [Round()], "that round did not"
    assert dispatch.dispatch("centre") == [Round()], "who does not say since when is always answered"
