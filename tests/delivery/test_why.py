"""What keeps each courier from an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localtime

from delivery import announcing, dispatch, handover, offers, selectors, why
from delivery.models import Courier, Offer, Plan
from delivery.planning.planner import Planner
from delivery.why import REASONS, Candidate
from orders.city import city_now
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories
from tests.factories import COUNTER

from .conftest import let_run_out, offer_to

pytestmark = pytest.mark.django_db

#: Metres per degree of latitude, nearly; a courier rides 320 in a minute.
KILOMETRE = 1 / 111.32


def found(order: Order, courier: Courier) -> Candidate:
    return next(each for each in why.candidates(order) if each.courier == courier)


def reason(order: Order, courier: Courier) -> str:
    return found(order, courier).why


def test_who_stands_at_the_counter_comes_first_and_is_asked_next(courier: Courier) -> None:
    far = factories.make_courier("c-02", at=(COUNTER[0] + 8 * KILOMETRE, COUNTER[1]))
    near = factories.make_courier("c-03", at=(COUNTER[0] + 1 * KILOMETRE, COUNTER[1]))
    order = factories.ready_order()
    assert [(each.courier, each.why) for each in why.candidates(order)] == [
        (courier, "next"),
        (near, "others_nearer"),
        (far, "too_far"),
    ]
    # Two minutes until the pickup, two more at the counter, 4 to the door a kilometre off, and two until it opens.
    score = found(order, courier).score
    assert score is not None and score.minutes == pytest.approx(10, abs=0.5)
    assert [each.can_take for each in why.candidates(order)] == [True] * 3


def test_the_round_asks_whom_the_page_named(courier: Courier) -> None:
    factories.make_courier("c-02", at=(COUNTER[0] + 1 * KILOMETRE, COUNTER[1]))
    order = factories.ready_order()
    (best, *_) = why.candidates(order)
    dispatch.dispatch("centre")
    assert Offer.objects.get().courier == best.courier == courier
    assert (reason(order, courier), found(order, courier).can_take) == ("asked", False)


def test_who_has_it_is_named_so_in_spite_of_full_hands(courier: Courier) -> None:
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)
    assert reason(order, courier) == "has_it"


def test_who_does_not_work_has_no_score(courier: Courier, colleague: Courier) -> None:
    Courier.objects.filter(pk=courier.pk).update(online=False)
    colleague.shifts.update(until=city_now())
    lost = factories.make_courier("c-03", at=(float("nan"), 0.0))
    order = factories.accepted_order()
    assert {each.courier: (each.why, each.score) for each in why.candidates(order)} == {
        courier: ("offline", None),
        colleague: ("off_shift", None),
        lost: ("off_map", None),
    }


def test_of_who_is_offline_it_is_told_when_they_come() -> None:
    coming, order = factories.make_courier("c-04", online=False), factories.accepted_order()
    begin = city_now() + timedelta(minutes=30)
    announcing.announce(coming.pk, starts_at=begin + timedelta(hours=2), until=None)
    announcing.announce(coming.pk, starts_at=begin, until=begin + timedelta(hours=2))
    one = found(order, coming)
    assert (one.why, one.detail) == ("offline", f"announced for {localtime(begin):%a %H:%M}")
    assert one.score is not None, "a plan may keep it for them"


def test_refusals_of_this_order_are_told_apart_and_fade(courier: Courier, colleague: Courier) -> None:
    third = factories.make_courier("c-03")
    order = factories.accepted_order()
    offers.decline(offer_to(courier, order).pk, courier=courier)
    late = offer_to(colleague, order)
    let_run_out(late)
    offers.expire(late.pk)
    offers.accept(offer_to(third, order).pk, courier=third)
    handover.withdraw(order.pk, held_by=third.pk, by=Actor("operator"), reason="courier_silent")
    assert [reason(order, each) for each in (courier, colleague, third)] == ["declined", "timed_out", "taken_back"]
    assert found(order, courier).detail.startswith("asked again after ")
    Offer.objects.filter(courier=courier).update(answered_at=F("answered_at") - selectors.ASK_AGAIN_AFTER)
    assert reason(order, courier) == "next"


def test_other_work_is_named(courier: Courier, colleague: Courier) -> None:
    order, other, third = (factories.accepted_order() for _ in range(3))
    offer_to(courier, other)
    offers.accept(offer_to(colleague, third).pk, courier=colleague)
    assert [reason(order, each) for each in (courier, colleague)] == ["other_offer", "at_capacity"]
    Courier.objects.update(capacity=2)
    assert reason(order, colleague) == "busy"


def test_a_shift_that_ends_too_soon(courier: Courier) -> None:
    order = factories.accepted_order(minutes=40)
    courier.shifts.update(until=city_now() + timedelta(minutes=10))
    assert (reason(order, courier), found(order, courier).score) == ("shift_ends", None)


def test_what_the_kept_plan_holds_for_later(courier: Courier, colleague: Courier) -> None:
    """Lazy commitment: the order waits until its courier must leave, and another is kept for another order."""
    order, other = factories.accepted_order(minutes=60), factories.accepted_order(minutes=60)
    dispatch.dispatch("centre", policy=Planner())
    memory = Plan.objects.get().memory
    kept = {int(name): trips for name, trips in memory["kept"].items()}
    mine = next(pk for pk, trips in kept.items() if any(str(order.pk) in trip for trip in trips))
    assert reason(order, Courier.objects.get(pk=mine)) in ("waits", "planned_later")
    # Rewritten by hand, so that each case is sure to be seen.
    memory["kept"] = {str(courier.pk): [[str(order.pk)]], str(colleague.pk): [[str(other.pk)]]}
    Plan.objects.update(memory=memory)
    assert [reason(order, each) for each in (courier, colleague)] == ["waits", "better_elsewhere"]
    assert found(order, courier).detail.startswith("leaves at ")
    memory["kept"] = {str(courier.pk): [[str(other.pk)], [str(order.pk)]]}
    Plan.objects.update(memory=memory)
    assert reason(order, courier) == "planned_later"


def test_an_order_without_a_ready_time_has_couriers_but_no_scores(courier: Courier) -> None:
    order = factories.accepted_order()
    Order.objects.filter(pk=order.pk).update(ready_by=None)
    order.refresh_from_db()
    assert found(order, courier).score is None


def test_many_couriers_cost_no_more_questions(courier: Courier) -> None:
    order = factories.accepted_order()

    def questions() -> int:
        with CaptureQueriesContext(connection) as captured:
            why.candidates(order)
        return len(captured)

    questions()
    few = questions()
    for number in range(2, 12):
        factories.make_courier(f"c-{number:02}")
    assert questions() == few


def test_every_reason_has_words() -> None:
    assert all(words and not words.endswith(".") for words in REASONS.values())
