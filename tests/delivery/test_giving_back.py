"""A courier who cannot go on: the order goes back, or, once it is in the bag, an operator is called."""

from __future__ import annotations

import pytest

from config.verify.couriers import history_names_one_courier, one_courier, order_names_its_courier, within_capacity
from delivery import couriers, dispatch, giving_back, handover, offers, why
from delivery.giving_back import AFTER, BEFORE, STUCK, cannot_go_on, settle_stuck
from delivery.models import Assignment, Courier, Offer
from messaging.alerting.rules import all_rules
from messaging.models import Incident
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories
from tests.contracts.conftest import Caller
from tests.racing import at_once

from .conftest import facts, offer_to

pytestmark = pytest.mark.django_db

OPERATOR = Actor("operator", 7)


def taken(courier: Courier, order: Order | None = None, *, in_bag: bool = False) -> Order:
    order = order or factories.ready_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)
    if in_bag:
        couriers.pick_up(order.pk, courier=courier)
    return order


def told(courier: Courier, order: Order, reason: str) -> list[str]:
    return [each.outcome for each in cannot_go_on(order.pk, courier=courier, reason=reason)]


def assert_promised() -> None:
    checks = (one_courier, history_names_one_courier, within_capacity, order_names_its_courier)
    assert [violation for check in checks for violation in check()] == []


def test_what_is_not_picked_up_goes_to_another_courier(courier: Courier, colleague: Courier) -> None:
    # given
    order = taken(courier)
    # when: pressed twice
    assert told(courier, order, "kitchen_waits") == ["back"]
    assert told(courier, order, "kitchen_waits") == ["gone"]
    # then
    order.refresh_from_db()
    assert (order.status, order.courier_id) == ("ready", None)
    fact = OrderHistory.objects.get(order=order, type="courier.released")
    assert (fact.actor_role, fact.actor_id, fact.reason) == ("courier", courier.user_id, "kitchen_waits")
    # and the one who gave it back is not the one who is asked next
    dispatch.dispatch("centre")
    assert Assignment.objects.get(order=order, state="offered").courier == colleague
    assert {each.courier: each.why for each in why.candidates(order)}[courier] == "taken_back"
    assert_promised()


def test_what_is_in_the_bag_stays_theirs_and_an_operator_is_called(courier: Courier) -> None:
    order = taken(courier, in_bag=True)
    for _ in range(2):
        assert told(courier, order, "nobody_opens") == ["told"]
    order.refresh_from_db()
    assert (order.status, order.courier_id, facts(order)[-1]) == ("picked_up", courier.pk, "order.picked_up")
    incident = Incident.objects.get(kind=STUCK, subject=str(order.pk))
    assert f"{courier.name} has it and cannot go on: nobody opens" in incident.message
    assert incident.severity == "critical" == all_rules()[STUCK].severity
    assert settle_stuck() == 0, "it lasts"
    # and may bring it after all
    couriers.deliver(order.pk, courier=courier)
    assert settle_stuck() == 1
    assert_promised()


def test_the_call_is_over_when_the_order_goes_to_somebody_else_or_ends(courier: Courier, colleague: Courier) -> None:
    Courier.objects.update(capacity=2)
    first, second = taken(courier, in_bag=True), taken(courier, in_bag=True)
    for order in (first, second):
        told(courier, order, "spoilt")
    handover.reassign(first.pk, held_by=courier.pk, to=colleague.pk, by=OPERATOR, reason="courier_asked")
    lifecycle.give_up(second.pk, by=OPERATOR, reason="spoilt")
    couriers.release(second.pk)
    assert settle_stuck() == 2
    assert not Incident.objects.open().filter(kind=STUCK).exists()
    assert_promised()


def test_who_cannot_ride_on_gives_everything_back_and_is_asked_no_more(courier: Courier) -> None:
    # given: one order in the bag, one at the counter, one that is only offered
    Courier.objects.update(capacity=3)
    bag, counter = taken(courier, in_bag=True), taken(courier)
    offer = offer_to(courier)
    # when
    given = cannot_go_on(counter.pk, courier=courier, reason="vehicle_trouble")
    # then
    assert [(each.order.pk, each.outcome) for each in given] == [(counter.pk, "back"), (bag.pk, "told")]
    courier.refresh_from_db()
    assert (courier.online, Offer.objects.get(pk=offer.pk).state) == (False, "withdrawn")
    assert Assignment.objects.get(order=bag).state == "active"
    assert_promised()


def test_a_reason_is_one_of_those_that_can_be_chosen(courier: Courier) -> None:
    order = taken(courier)
    with pytest.raises(giving_back.NoSuchReason):
        cannot_go_on(order.pk, courier=courier, reason="")
    assert facts(order)[-1] == "courier.assigned"


def test_nobody_gives_back_what_was_never_theirs(courier: Courier, colleague: Courier) -> None:
    order = taken(courier)
    for reason in BEFORE | AFTER:
        with pytest.raises(Assignment.DoesNotExist):
            cannot_go_on(order.pk, courier=colleague, reason=reason)
    colleague.refresh_from_db()
    assert (facts(order)[-1], colleague.online) == ("courier.assigned", True)


@pytest.mark.django_db(transaction=True)
def test_giving_back_and_picking_up_at_one_instant_leaves_one_of_both(courier: Courier) -> None:
    order = taken(courier)
    at_once(
        lambda: told(courier, order, "too_much"),
        lambda: couriers.pick_up(order.pk, courier=courier),
        lambda: told(courier, order, "too_much"),
    )
    order.refresh_from_db()
    assert (order.status, order.courier_id) in {("ready", None), ("picked_up", courier.pk)}
    assert_promised()


def test_the_api_says_what_became_of_each(courier: Courier) -> None:
    order = taken(courier)
    caller = Caller(courier.user)
    path = f"/courier/orders/{order.pk}/cannot-go-on"
    assert caller.post(path, {"reason": "no mood"})[0] == 422
    assert caller.post(path, {"reason": "too_much"}) == (200, [{"order": str(order.pk), "outcome": "back"}])
    assert caller.post(path, {"reason": "too_much"}) == (200, [{"order": str(order.pk), "outcome": "gone"}])
