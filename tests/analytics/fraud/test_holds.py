"""A hold keeps an order from couriers, whatever has been arranged; a reviewer's word lets it go on, or ends it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.fraud.apply import HOLD
from analytics.models import FraudCase
from delivery import dispatch, duties, handover, holds, offers
from delivery.handover import HandoverRefused
from delivery.models import Assignment, Courier, Offer
from delivery.selectors import why_no_courier
from delivery.tasks import hold_order
from messaging.models import OutboxRow
from orders import lifecycle
from orders.city import CityAfter, city_now
from orders.holds import AlreadyJudged, judge
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

OPERATOR = Actor("operator", 1)


def hold(order: Order) -> None:
    hold_order(order=str(order.pk), score=125, rules="many_cards,declines")


def facts(order: Order) -> list[str]:
    return list(OrderHistory.objects.filter(order=order).order_by("sequence").values_list("type", flat=True))


def commands(task: str) -> int:
    return OutboxRow.objects.filter(type=task).count()


def taken(order: Order, courier: Courier) -> Offer:
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    return offers.accept(offer.pk, courier=courier)


def test_a_held_order_is_not_dispatched_until_it_is_found_genuine() -> None:
    order, courier = factories.accepted_order(), factories.make_courier()
    hold(order)
    dispatch.dispatch(order.zone)

    assert not Offer.objects.exists()
    assert offers.make(order.pk, courier_id=courier.pk) is None
    order.refresh_from_db()
    assert order.hold == Order.Hold.HELD and order.status == "accepted"
    assert why_no_courier(order).startswith("held")
    with pytest.raises(HandoverRefused, match="held"):
        handover.assign(order.pk, to=courier.pk, by=OPERATOR, reason="customer_waits")
    fact = OrderHistory.objects.get(order=order, type="fraud.held")
    assert (fact.payload["score"], fact.payload["rules"], fact.reason) == (125, ["many_cards", "declines"], "fraud")

    before = commands("delivery.dispatch_zone")
    judge(order.pk, verdict="genuine", by=OPERATOR)
    assert commands("delivery.dispatch_zone") == before + 1
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    assert Assignment.objects.get(order=order).state == "active"


def test_a_hold_before_the_kitchen_s_answer_waits_for_it() -> None:
    order, courier = factories.paid_order(), factories.make_courier()
    hold(order)
    lifecycle.accept(order.pk, by=Actor("restaurant", order.restaurant.user_id), preparation=timedelta(minutes=5))
    assert offers.make(order.pk, courier_id=courier.pk) is None


def test_a_later_hold_withdraws_the_open_offer_and_the_bundle_s_others_wait_again() -> None:
    order = factories.accepted_order()
    other = factories.accepted_order(factories.bob())
    courier = factories.make_courier(capacity=2)
    offer = offers.make(order.pk, other.pk, courier_id=courier.pk)
    assert offer is not None
    hold(order)

    offer.refresh_from_db()
    assert offer.state == "withdrawn"
    assert facts(order)[-2:] == ["fraud.held", "offer.withdrawn"]
    assert offers.make(other.pk, courier_id=courier.pk) is not None


def test_a_courier_on_the_way_to_the_counter_is_let_go() -> None:
    order, courier = factories.ready_order(), factories.make_courier()
    taken(order, courier)
    hold(order)
    order.refresh_from_db()
    assert (order.courier_id, Assignment.objects.get(order=order).state) == (None, "ended")
    assert facts(order)[-2:] == ["fraud.held", "courier.released"]
    assert Courier.objects.free().filter(pk=courier.pk).exists()


def test_what_is_picked_up_or_over_is_not_held() -> None:
    order, courier = factories.ready_order(), factories.make_courier()
    taken(order, courier)
    lifecycle.pick_up(order.pk, by=Actor("courier", courier.user_id))
    hold(order)
    over = factories.place_order(factories.bob())
    lifecycle.cancel(over.pk, by=OPERATOR, reason="test")
    hold(over)
    assert set(Order.objects.values_list("hold", flat=True)) == {""}
    assert not OrderHistory.objects.filter(type="fraud.held").exists()


def test_a_repeated_hold_does_nothing_even_after_the_verdict() -> None:
    order = factories.accepted_order()
    for _ in range(10):
        hold(order)
    assert facts(order).count("fraud.held") == 1
    judge(order.pk, verdict="genuine", by=OPERATOR)
    hold(order)
    order.refresh_from_db()
    assert order.hold == Order.Hold.LIFTED
    assert facts(order).count("fraud.held") == 1


def test_a_verdict_of_fraud_calls_the_order_off_once_and_lets_the_money_go() -> None:
    order = factories.accepted_order()
    hold(order)
    judge(order.pk, verdict="fraud", by=OPERATOR, rules=["many_cards"], about=["device", "card"])
    order.refresh_from_db()
    assert (order.status, order.hold) == ("cancelled", "rejected")
    assert facts(order)[-3:] == ["fraud.held", "fraud.verdict", "order.cancelled"]
    assert OrderHistory.objects.get(order=order, type="order.cancelled").reason == "fraud"
    assert (commands("payments.void"), commands("delivery.release")) == (1, 1)
    word = OrderHistory.objects.get(order=order, type="fraud.verdict").payload
    assert (word["verdict"], word["rules"], word["about"]) == ("fraud", ["many_cards"], ["device", "card"])
    assert len(word["card_token"]) == len(word["door_token"]) == 20

    with pytest.raises(AlreadyJudged):
        judge(order.pk, verdict="genuine", by=OPERATOR)
    assert commands("payments.void") == 1


def test_a_word_on_a_delivered_order_is_recorded_and_changes_nothing_of_it() -> None:
    order, courier = factories.ready_order(), factories.make_courier()
    taken(order, courier)
    lifecycle.pick_up(order.pk, by=Actor("courier", courier.user_id))
    lifecycle.deliver(order.pk, by=Actor("courier", courier.user_id))
    judge(order.pk, verdict="fraud", by=OPERATOR)
    order.refresh_from_db()
    assert order.status == "delivered" and facts(order)[-1] == "fraud.verdict"
    with pytest.raises(ValueError, match="fraud or genuine"):
        judge(order.pk, verdict="perhaps", by=OPERATOR)


def test_a_hold_that_nobody_reviews_ends_as_a_stated_failure() -> None:
    order = factories.accepted_order()
    hold(order)
    other = factories.accepted_order(factories.bob())
    Order.objects.update(accepted_at=CityAfter(-60 * (duties.REVIEW_MINUTES + 1)))
    assert duties.give_up_undeliverable() == 1
    other.refresh_from_db()
    assert other.status == "accepted"
    fact = OrderHistory.objects.get(order=order, type="order.undeliverable")
    assert fact.reason == "held_for_review" and commands("payments.void") == 1


@pytest.mark.django_db(transaction=True)
def test_a_hold_and_an_acceptance_at_one_instant_leave_no_courier() -> None:
    for turn in range(3):
        order = factories.accepted_order(factories.make_customer(f"customer-{turn}"))
        courier = factories.make_courier(f"c-{turn}")
        offer = offers.make(order.pk, courier_id=courier.pk)
        assert offer is not None
        asked = offer.pk
        at_once(
            lambda: offers.accept(asked, courier=courier),  # noqa: B023
            lambda: holds.hold(order.pk, score=100, rules=["x"]),  # noqa: B023
        )
        assert not Assignment.objects.filter(order=order, state__in=["offered", "active"]).exists()
        order.refresh_from_db()
        assert (order.hold, order.courier_id) == ("held", None)


def a_case(order: Order, **changes: Any) -> FraudCase:
    values: dict[str, Any] = {
        "order_id": order.pk,
        "account": order.customer_id,
        "device": "d",
        "stage": "placed",
        "score": 130,
        "rules": {"many_cards": 60, "device_haste": 20},
        "opened_at": city_now(),
    }
    return FraudCase.objects.create(**(values | changes))


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(factories.make_operator())
    return client


def test_a_reviewer_s_word_from_the_page(operator: Client) -> None:
    order = factories.accepted_order()
    hold(order)
    a_case(order)
    queue = operator.get(reverse("operator-fraud")).content.decode()
    assert order.number in queue and "130" in queue
    page = operator.get(reverse("operator-fraud-case", args=[order.pk])).content.decode()
    assert "Four or more cards on one device" in page and "Genuine" in page

    answer = operator.post(
        reverse("operator-fraud-judge", args=[order.pk]), {"verdict": "fraud", "note": "stolen cards"}, follow=True
    )
    assert answer.status_code == 200
    case = FraudCase.objects.get(order_id=order.pk)
    assert (case.verdict, case.note, case.reviewer_id) == (
        "fraud",
        "stolen cards",
        int(operator.session["_auth_user_id"]),
    )
    order.refresh_from_db()
    assert order.status == "cancelled"
    word = OrderHistory.objects.get(order=order, type="fraud.verdict").payload
    assert word["rules"] == ["device_haste", "many_cards"] and word["about"] == ["card", "device"]
    # The note may name somebody: it stays out of the stream.
    assert not OrderHistory.objects.filter(payload__icontains="stolen cards").exists()

    again = operator.post(reverse("operator-fraud-judge", args=[order.pk]), {"verdict": "genuine"}, follow=True)
    assert "was judged before" in again.content.decode()
    assert FraudCase.objects.get().verdict == "fraud"


def test_the_pages_are_the_operator_s_alone() -> None:
    order = factories.accepted_order()
    a_case(order)
    client = Client()
    client.force_login(factories.charlie())
    assert client.get(reverse("operator-fraud")).status_code == 403
    assert client.get(reverse("operator-fraud-case", args=[order.pk])).status_code == 403
    assert client.post(reverse("operator-fraud-judge", args=[order.pk]), {"verdict": "fraud"}).status_code == 403
    assert FraudCase.objects.get().verdict == ""


def test_an_unknown_word_and_an_unknown_case_are_refused(operator: Client) -> None:
    order = factories.accepted_order()
    assert operator.get(reverse("operator-fraud-case", args=[order.pk])).status_code == 404
    a_case(order)
    assert operator.post(reverse("operator-fraud-judge", args=[order.pk]), {"verdict": "x"}).status_code == 404
    assert FraudCase.objects.get().verdict == "" and HOLD == "delivery.hold_order"
