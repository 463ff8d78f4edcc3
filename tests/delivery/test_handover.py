"""An operator gives an order to a courier, to another instead, or takes it back."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from config.verify.couriers import history_names_one_courier, one_courier, order_names_its_courier, within_capacity
from delivery import couriers, dispatch, handover, offers
from delivery.handover import REASONS, UNABLE, HandoverRefused
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from messaging.models import Incident, OutboxRow
from messaging.models.incident import open_incident
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories

from .conftest import commands, facts, let_run_out, offer_to, taken

pytestmark = pytest.mark.django_db

OPERATOR = Actor("operator", 7)


def assign(order: Order, to: Courier) -> Assignment:
    return handover.assign(order.pk, to=to.pk, by=OPERATOR, reason="better_placed")


def reassign(order: Order, held_by: Courier, to: Courier) -> Assignment:
    return handover.reassign(order.pk, held_by=held_by.pk, to=to.pk, by=OPERATOR, reason="courier_silent")


def withdraw(order: Order, held_by: Courier) -> None:
    handover.withdraw(order.pk, held_by=held_by.pk, by=OPERATOR, reason="courier_silent")


def refusal(verb: Callable[[], object]) -> str:
    with pytest.raises(HandoverRefused) as refused:
        verb()
    return refused.value.code


def told(order: Order, kind: str) -> tuple[str, int | None, str, int | None]:
    """Of the latest fact of this type: who did it, why, and the courier it concerns."""
    fact = OrderHistory.objects.filter(order=order, type=kind).latest("sequence")
    return fact.actor_role, fact.actor_id, fact.reason, fact.payload["courier_id"]


def assert_promised() -> None:
    checks = (one_courier, history_names_one_courier, within_capacity, order_names_its_courier)
    assert [violation for check in checks for violation in check()] == []


def test_an_assigned_order_is_the_couriers_without_an_offer(courier: Courier) -> None:
    order = factories.accepted_order()
    for _ in range(2):
        job = assign(order, courier)
    order.refresh_from_db()
    assert (job.state, order.courier_id, facts(order)) == ("active", courier.pk, ["courier.assigned"])
    assert told(order, "courier.assigned") == ("operator", 7, "better_placed", courier.pk)
    event = OutboxRow.objects.get(type="courier.assigned")
    assert (event.key, b'"by":"operator","reason":"better_placed"' in bytes(event.payload)) == (str(order.pk), True)
    assert_promised()


def test_an_assigned_courier_goes_on_to_the_door(courier: Courier) -> None:
    order = factories.ready_order()
    assign(order, courier)
    couriers.pick_up(order.pk, courier=courier)
    couriers.deliver(order.pk, courier=courier)
    assert facts(order) == ["order.ready", "courier.assigned", "order.picked_up", "order.delivered"]
    assert_promised()


def test_assigning_takes_an_open_offer_back_from_whoever_has_it(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    assign(order, colleague)
    assert facts(order) == ["offer.made", "offer.withdrawn", "courier.assigned"]
    assert told(order, "offer.withdrawn") == ("operator", 7, "better_placed", courier.pk)
    with pytest.raises(OfferGone) as gone:
        offers.accept(offer.pk, courier=courier)
    assert gone.value.code == "taken"
    assert_promised()


def test_assigning_to_the_courier_who_is_asked_answers_for_them(courier: Courier) -> None:
    order = factories.accepted_order()
    offer_to(courier, order)
    assert assign(order, courier).state == "active", "their own offer does not fill their hands"
    assert_promised()


def test_assigning_one_of_a_bundle_lets_the_others_wait_again(courier: Courier, colleague: Courier) -> None:
    Courier.objects.update(capacity=2)
    first, second = factories.ready_order(), factories.ready_order()
    offers.make(second.pk, first.pk, courier_id=courier.pk)
    before = commands("delivery.dispatch_zone")
    assign(first, colleague)
    assert facts(second) == ["order.ready", "offer.made", "offer.withdrawn"]
    assert commands("delivery.dispatch_zone") == before + 1
    dispatch.dispatch("centre")
    assert Assignment.objects.get(order=second, state="offered").courier == courier, (
        "who was not to blame is asked again"
    )
    assert_promised()


def test_who_is_full_or_offline_is_given_nothing_and_nothing_changes(courier: Courier, colleague: Courier) -> None:
    taken(courier)
    order = factories.accepted_order()
    offer = offer_to(colleague, order)
    version = Order.objects.get(pk=order.pk).version
    assert refusal(lambda: assign(order, courier)) == "no_room"
    Courier.objects.filter(pk=courier.pk).update(online=False, capacity=5)
    assert refusal(lambda: assign(order, courier)) == "offline"
    assert Offer.objects.get(pk=offer.pk).state == "open", "the withdrawal was rolled back too"
    assert Order.objects.get(pk=order.pk).version == version


def test_what_somebody_has_is_not_assigned_and_what_ended_is_nobodys(courier: Courier, colleague: Courier) -> None:
    order = taken(courier)
    assert refusal(lambda: assign(order, colleague)) == "taken"
    ended = factories.accepted_order()
    lifecycle.cancel(ended.pk, by=OPERATOR, reason="test")
    assert refusal(lambda: assign(ended, colleague)) == "ended"
    assert refusal(lambda: assign(factories.paid_order(), colleague)) == "ended"
    assert facts(order) == ["offer.made", "courier.assigned"]


def test_reassigning_changes_the_courier_in_one_step(courier: Courier, colleague: Courier) -> None:
    order = taken(courier)
    before = commands("delivery.dispatch_zone")
    reassign(order, courier, colleague)
    order.refresh_from_db()
    assert (order.courier_id, order.status) == (colleague.pk, "accepted")
    assert facts(order) == ["offer.made", "courier.assigned", "courier.released", "courier.assigned"]
    assert told(order, "courier.released") == ("operator", 7, "courier_silent", courier.pk)
    assert told(order, "courier.assigned") == ("operator", 7, "courier_silent", colleague.pk)
    assert commands("delivery.dispatch_zone") == before + 1, "the first courier's hands are empty"
    with pytest.raises(couriers.JobReleased):
        couriers.pick_up(order.pk, courier=courier)
    assert_promised()


def test_an_order_on_the_road_can_change_hands(courier: Courier, colleague: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.pk, courier=courier)
    reassign(order, courier, colleague)
    couriers.deliver(order.pk, courier=colleague)
    order.refresh_from_db()
    assert (order.status, order.courier_id) == ("delivered", colleague.pk)
    assert_promised()


def test_reassigning_from_who_has_it_no_more_is_refused(courier: Courier, colleague: Courier) -> None:
    third = factories.make_courier("c-03")
    order = taken(courier)
    reassign(order, courier, colleague)
    assert refusal(lambda: reassign(order, courier, third)) == "moved"
    assert refusal(lambda: reassign(order, colleague, colleague)) == "same"
    assert refusal(lambda: withdraw(order, courier)) == "moved"
    assert Assignment.objects.get(order=order, state="active").courier == colleague


def test_a_refused_reassignment_leaves_the_first_courier_the_order(courier: Courier, colleague: Courier) -> None:
    order, other = taken(courier), taken(colleague)
    assert refusal(lambda: reassign(order, courier, colleague)) == "no_room"
    assert Assignment.objects.get(order=order, state="active").courier == courier
    assert [facts(order), facts(other)] == [["offer.made", "courier.assigned"]] * 2
    assert_promised()


def test_withdrawing_lets_the_order_wait_for_somebody_else(courier: Courier, colleague: Courier) -> None:
    order = taken(courier, factories.ready_order())
    withdraw(order, courier)
    order.refresh_from_db()
    assert order.courier_id is None
    assert facts(order) == ["order.ready", "offer.made", "courier.assigned", "courier.released"]
    dispatch.dispatch("centre")
    assert Assignment.objects.get(order=order, state="offered").courier == colleague, "not the one it was taken from"
    assert_promised()


def test_a_withdrawn_offer_goes_to_somebody_else(courier: Courier, colleague: Courier) -> None:
    order = factories.ready_order()
    offer = offer_to(courier, order)
    withdraw(order, courier)
    assert Offer.objects.get(pk=offer.pk).state == "withdrawn"
    assert told(order, "offer.withdrawn") == ("operator", 7, "courier_silent", courier.pk)
    dispatch.dispatch("centre")
    assert Assignment.objects.get(order=order, state="offered").courier == colleague


def test_of_a_bundle_that_was_taken_the_courier_keeps_the_rest(courier: Courier) -> None:
    Courier.objects.update(capacity=2)
    first, second = factories.accepted_order(), factories.accepted_order()
    offer = offers.make(first.pk, second.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    withdraw(first, courier)
    assert Assignment.objects.get(order=second).state == "active"
    assert facts(second) == ["offer.made", "courier.assigned"]
    assert_promised()


def test_food_on_the_road_is_not_taken_back_to_nowhere(courier: Courier) -> None:
    order = taken(courier, factories.ready_order())
    couriers.pick_up(order.pk, courier=courier)
    assert refusal(lambda: withdraw(order, courier)) == "in_hands"
    lifecycle.cancel(order.pk, by=OPERATOR, reason="test")
    assert refusal(lambda: withdraw(order, courier)) == "ended"


def test_a_hand_that_helps_settles_the_incidents(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    open_incident("undispatched", str(order.pk), "test")
    open_incident("set_aside", str(order.pk), "test")
    assign(order, courier)
    open_incident("courier_silent", str(order.pk), "test")
    reassign(order, courier, colleague)
    assert not Incident.objects.filter(resolved_at=None).exists()


def test_who_is_unknown_is_told_so(courier: Courier) -> None:
    order = factories.accepted_order()
    with pytest.raises(Courier.DoesNotExist):
        handover.assign(order.pk, to=courier.pk + 99, by=OPERATOR, reason="courier_asked")
    with pytest.raises(Order.DoesNotExist):
        handover.assign(uuid.uuid4(), to=courier.pk, by=OPERATOR, reason="courier_asked")
    assert facts(order) == []


def test_an_offer_that_ran_out_but_is_not_ended_yet_is_no_obstacle(courier: Courier, colleague: Courier) -> None:
    order = factories.accepted_order()
    let_run_out(offer_to(courier, order))
    assign(order, colleague)
    assert facts(order)[-1] == "courier.assigned"
    courier.refresh_from_db()
    assert courier.timeouts == 0, "taken back, not let run out"


def test_an_order_that_names_another_courier_than_its_assignment_breaks_the_promise(
    courier: Courier, colleague: Courier
) -> None:
    order, free = taken(courier), factories.accepted_order()
    Order.objects.filter(pk=order.pk).update(courier_id=colleague.pk)
    Order.objects.filter(pk=free.pk).update(courier_id=courier.pk)
    assert {violation.subject for violation in order_names_its_courier()} == {str(order.pk), str(free.pk)}
    Order.objects.filter(pk=order.pk).update(courier_id=None)
    Order.objects.filter(pk=free.pk).update(courier_id=None)
    assert [violation.subject for violation in order_names_its_courier()] == [str(order.pk)]


def test_reasons_are_codes() -> None:
    """They travel in events, where free text could carry what is personal."""
    assert all(reason.replace("_", "").isalpha() and len(reason) < 40 for reason in REASONS)
    assert set(REASONS) >= UNABLE
