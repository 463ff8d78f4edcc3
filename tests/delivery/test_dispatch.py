"""Rounds of a zone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db.models import Value

from delivery import assignment, dispatch, offers, selectors, snapshot, tasks
from delivery.couriers import SET_ASIDE
from delivery.dispatch import Round
from delivery.models import Assignment, Courier, Offer, Zone
from messaging.models import Incident
from messaging.models.incident import resolve_incident
from orders.city import CityAfter, city_now
from orders.models import City, Order, OrderHistory
from tests import factories
from tests.factories import COUNTER

from .conftest import commands, facts, let_run_out, offer_to

pytestmark = pytest.mark.django_db


def offered_to(order: Order) -> int | None:
    return Assignment.objects.filter(order=order, state="offered").values_list("courier_id", flat=True).first()


def test_a_round_offers_the_order_to_the_nearest_courier(courier: Courier) -> None:
    far = factories.make_courier("far", at=(COUNTER[0] + 0.05, COUNTER[1]))
    order = factories.accepted_order()
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
    factories.accepted_order()
    factories.make_courier("harbour-1", zone="harbour")
    assert dispatch.dispatch("harbour") == [Round()]
    assert not Offer.objects.exists()


def test_ten_deliveries_of_one_command_make_one_offer(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    for _ in range(10):
        tasks.dispatch_zone(zone="centre")
    assert facts(order) == ["offer.made"]


def test_after_a_refusal_the_next_courier_is_asked(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
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
    order = factories.accepted_order()
    dispatch.dispatch("centre")
    offers.decline(Offer.objects.get().id, courier=courier)
    assert dispatch.dispatch("centre") == [Round()]
    Offer.objects.update(answered_at=CityAfter(Value(-selectors.ASK_AGAIN_AFTER.total_seconds() - 1)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    made = OrderHistory.objects.filter(order=order, type="offer.made").order_by("sequence")
    assert [each.payload["attempt"] for each in made] == [1, 2]


def test_an_order_refused_by_many_is_tried_with_less_hurry(courier: Courier, colleague: Courier) -> None:
    City.objects.update(max_offers=1)
    order = factories.accepted_order()
    offers.decline(offer_to(courier, order).id, courier=courier)
    assert Incident.objects.filter(kind="undispatched", subject=str(order.id)).exists()
    assert dispatch.dispatch("centre") == [Round()]
    Offer.objects.update(answered_at=CityAfter(Value(-selectors.UNHURRIED.total_seconds() - 1)))
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert offered_to(order) == colleague.pk


def test_couriers_with_an_open_offer_are_left_in_peace(courier: Courier) -> None:
    Courier.objects.update(capacity=3)
    factories.accepted_order()
    second = factories.accepted_order()
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert dispatch.dispatch("centre") == [Round()]
    offer = Offer.objects.get()
    offers.accept(offer.id, courier=courier)
    assert dispatch.dispatch("centre") == [Round(made=1)]
    assert {each.order_id for each in Assignment.objects.filter(courier=courier)} == {
        second.id,
        Order.objects.exclude(pk=second.pk).get().id,
    }


def test_an_order_nobody_said_when_it_is_ready_is_set_aside_and_the_zone_goes_on(courier: Courier) -> None:
    broken, whole = factories.accepted_order(), factories.accepted_order()
    Order.objects.filter(pk=broken.pk).update(ready_by=None)
    assert dispatch.dispatch("centre") == [Round(made=1, set_aside=1)]
    assert offered_to(whole) == courier.pk
    assert Incident.objects.get().subject == str(broken.id)
    assert selectors.why_no_courier(broken).startswith("set aside:")


def test_an_order_whose_offer_fails_is_set_aside_until_somebody_resolves_it(
    courier: Courier, colleague: Courier
) -> None:
    """Its history holds a row that should not be there, so no fact can be recorded any more."""
    broken, whole = factories.accepted_order(), factories.accepted_order()
    stray = OrderHistory.objects.create(
        order=broken,
        sequence=broken.version + 1,
        event_id=uuid.uuid4(),
        type="stray",
        new_status="accepted",
        actor_role="system",
        payload={},
        at=broken.placed_at,
    )
    assert dispatch.dispatch("centre") == [Round(made=1, set_aside=1)]
    assert offered_to(whole) is not None
    assert dispatch.dispatch("centre") == [Round()], "it is left out from now on"
    stray.delete()
    resolve_incident(SET_ASIDE, str(broken.id))
    assert dispatch.dispatch("centre") == [Round(made=1)]


def test_what_changed_since_the_snapshot_is_skipped(courier: Courier) -> None:
    """Between look and offer another round gave the order away: the index has the last word."""
    order = factories.accepted_order()
    colleague = factories.make_courier("quicker")

    def slow(problem: assignment.Problem) -> assignment.Pairs:
        pairs = assignment.linear(problem)
        offer_to(colleague if offered_first(pairs) == courier.pk else courier, order)
        return pairs

    def offered_first(pairs: assignment.Pairs) -> int:
        return snapshot.take("centre").couriers[pairs[0][1]]

    assert dispatch.dispatch("centre", policy=slow) == [Round(skipped=1)]
    assert facts(order) == ["offer.made"]
    assert not Incident.objects.exists()


def test_a_call_during_a_round_gets_a_round_of_its_own(courier: Courier) -> None:
    """The order arrives after the snapshot; its call finds the zone's lock taken and leaves it to the holder."""
    late: list[Order] = []

    def slow(problem: assignment.Problem) -> assignment.Pairs:
        pairs = assignment.linear(problem)
        if not late:
            late.append(factories.accepted_order())
            dispatch.request("centre")
        return pairs

    assert dispatch.dispatch("centre", policy=slow) == [Round(), Round(made=1)]
    assert offered_to(late[0]) == courier.pk


def test_a_zone_that_never_rests_is_handed_on(courier: Courier, settings: Any) -> None:
    settings.TASK_LIMIT_SECONDS = 0.0
    before = commands("delivery.dispatch_zone")
    assert dispatch.dispatch("centre") == []
    assert commands("delivery.dispatch_zone") == before + 1


def test_why_an_order_has_no_courier() -> None:
    order = factories.paid_order()
    assert selectors.why_no_courier(order) == "its restaurant has not accepted it"
    order = factories.accepted_order()
    assert selectors.why_no_courier(order) == "no courier is online in centre"
    courier = factories.make_courier()
    assert selectors.why_no_courier(order) == "a courier is free: a round is due"
    dispatch.request("centre")
    assert selectors.why_no_courier(order) == "the next round offers it"
    offer = offer_to(courier, order)
    assert selectors.why_no_courier(order) == "offered to c-01, who has not answered"
    assert selectors.why_no_courier(factories.accepted_order()) == "every courier in centre is busy"
    offers.decline(offer.id, courier=courier)
    assert selectors.why_no_courier(order).startswith("every free courier in centre declined it")
    offers.accept(offer_to(courier, order).id, courier=courier)
    assert selectors.why_no_courier(order) == ""


def test_a_busy_courier_counts_from_the_door_they_are_going_to(courier: Courier) -> None:
    Courier.objects.update(capacity=2)
    carried = factories.ready_order()
    offers.accept(offer_to(courier, carried).id, courier=courier)
    problem = snapshot.take("centre").problem
    city = City.objects.get()
    # At the counter: 4 minutes of service, 1,002 m at 320 m a minute, 4 minutes at the door.
    assert (city.pickup_minutes, city.metres_per_minute, city.dropoff_minutes) == (4, 320, 4)
    assert problem.free_in.tolist() == pytest.approx([carried_minutes(carried) + 2 + 4 + 4], abs=0.1)
    assert problem.couriers[0].tolist() == pytest.approx([0, 1001.9], abs=0.1)


def carried_minutes(order: Order) -> float:
    """Until pickup: when it is ready, if the courier stands at the counter."""
    assert order.ready_by is not None
    return (order.ready_by - city_now()).total_seconds() / 60
