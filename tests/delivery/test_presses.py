"""What was pressed without a connection: carried out once, at its time, and answered in words whatever has happened."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from config.verify.couriers import history_names_one_courier, one_courier, order_names_its_courier
from delivery import couriers, handover, offers
from delivery.models import Courier, Press
from delivery.presses import Pressed, merge
from orders import lifecycle
from orders.city import city_now, set_clock
from orders.lifecycle import DOOR_TRIES, Actor
from orders.models import Order, OrderHistory
from tests import factories
from tests.contracts.conftest import Caller
from tests.racing import at_once

from .conftest import facts, offer_to

pytestmark = pytest.mark.django_db

OPERATOR = Actor("operator", 7)


def taken(courier: Courier, *, ready: bool = True) -> Order:
    order = factories.ready_order() if ready else factories.accepted_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)
    return order


def pressed(order: Order, stage: str, *, ago: float = 0.0, code: str = "", key: uuid.UUID | None = None) -> Pressed:
    return Pressed(key=key or uuid.uuid4(), order=order.pk, stage=stage, seconds_ago=ago, door_code=code)


def outcomes(*presses: Pressed, courier: Courier) -> list[str]:
    return [each.outcome for each in merge(presses, courier=courier)]


def test_both_stages_of_a_dead_spot_arrive_together_and_once(courier: Courier) -> None:
    # given
    order = taken(courier)
    both = (pressed(order, "picked_up", ago=60), pressed(order, "delivered", ago=5))
    # when: the first message is answered, the answer is lost, and it is sent again
    first = merge(both, courier=courier)
    again = merge(both, courier=courier)
    # then
    assert [each.outcome for each in first] == [each.outcome for each in again] == ["done", "done"]
    assert [each.message for each in first] == [each.message for each in again]
    assert facts(order)[-2:] == ["order.picked_up", "order.delivered"]
    assert Press.objects.count() == 2
    assert order.postings.count() == 1


def test_a_press_counts_at_its_own_time_by_the_city_s_clock(courier: Courier) -> None:
    # given: ten city minutes pass in each wall second
    set_clock(speed=600)
    order = taken(courier)
    OrderHistory.objects.filter(order=order).update(at=city_now() - timedelta(hours=2))
    # when
    before = city_now()
    merge([pressed(order, "picked_up", ago=6)], courier=courier)
    # then: an hour ago, as near as this test is quick
    order.refresh_from_db()
    assert order.picked_up_at is not None
    hour_ago = before - timedelta(hours=1)
    assert hour_ago <= order.picked_up_at <= city_now() - timedelta(hours=1)
    fact = OrderHistory.objects.get(order=order, type="order.picked_up")
    assert fact.at == order.picked_up_at == Press.objects.get().counted_at


def test_a_phone_s_clock_is_believed_within_reason(courier: Courier) -> None:
    order = taken(courier)
    # when: it says that it was picked up before it was ready, and delivered in the time to come
    merge([pressed(order, "picked_up", ago=86400), pressed(order, "delivered", ago=-600)], courier=courier)
    # then
    order.refresh_from_db()
    times = dict(OrderHistory.objects.filter(order=order).values_list("type", "at"))
    assert order.picked_up_at == times["courier.assigned"]
    assert order.delivered_at is not None and order.delivered_at <= city_now()
    assert list(OrderHistory.objects.filter(order=order).order_by("sequence").values_list("at", flat=True)) == sorted(
        times_of(order)
    )
    early = Press.objects.get(stage="picked_up")
    assert early.pressed_at < times["courier.assigned"] == early.counted_at


def times_of(order: Order) -> list[Any]:
    return list(OrderHistory.objects.filter(order=order).values_list("at", flat=True))


def test_what_was_pressed_with_a_connection_meanwhile_is_said_to_be_so_already(courier: Courier) -> None:
    order = taken(courier)
    couriers.pick_up(order.pk, courier=courier)
    press = merge([pressed(order, "picked_up", ago=30)], courier=courier)[0]
    assert (press.outcome, press.message) == ("already", f"{order.number} was picked up already.")
    assert facts(order).count("order.picked_up") == 1


def test_an_order_that_was_cancelled_meanwhile_is_told_in_a_sentence(courier: Courier) -> None:
    order = taken(courier)
    lifecycle.cancel(order.pk, by=OPERATOR, reason="test")
    before = facts(order)
    told = merge([pressed(order, "picked_up"), pressed(order, "delivered")], courier=courier)
    assert [each.outcome for each in told] == ["ended", "ended"]
    assert (
        told[0].message == f"{order.number} had ended meanwhile: it is cancelled. There is nothing more to do for it."
    )
    # and the same once the courier was let go of
    couriers.release(order.pk)
    assert outcomes(pressed(order, "picked_up"), courier=courier) == ["ended"]
    assert facts(order)[: len(before)] == before and "order.picked_up" not in facts(order)


def test_an_order_that_went_to_another_courier_is_theirs_alone(courier: Courier, colleague: Courier) -> None:
    order = taken(courier)
    handover.reassign(order.pk, held_by=courier.pk, to=colleague.pk, by=OPERATOR, reason="courier_silent")
    press = merge([pressed(order, "picked_up")], courier=courier)[0]
    assert press.outcome == "released"
    assert "gone to another courier" in press.message
    order.refresh_from_db()
    assert (order.status, order.courier_id) == ("ready", colleague.pk)
    couriers.pick_up(order.pk, courier=colleague)
    couriers.deliver(order.pk, courier=colleague)
    checks = (one_courier, history_names_one_courier, order_names_its_courier)
    assert [violation for check in checks for violation in check()] == []


def test_what_is_still_cooking_is_not_picked_up(courier: Courier) -> None:
    order = taken(courier, ready=False)
    press = merge([pressed(order, "picked_up")], courier=courier)[0]
    assert press.outcome == "too_early"
    assert press.message == f"{order.number} is not ready yet, so it cannot be picked up: press again when it is."


def test_an_order_of_somebody_else_reads_like_one_that_does_not_exist(courier: Courier, colleague: Courier) -> None:
    order = taken(courier)
    nowhere = Pressed(key=uuid.uuid4(), order=uuid.uuid4(), stage="delivered", seconds_ago=0)
    told = merge([pressed(order, "picked_up"), nowhere], courier=colleague)
    assert {(each.outcome, each.message) for each in told} == {
        ("unknown", "An order that was never yours: nothing was changed.")
    }


def test_a_wrong_code_counts_once_however_often_it_is_sent(courier: Courier) -> None:
    # given
    order = taken(courier)
    Order.objects.filter(pk=order.pk).update(door_code="4821")
    couriers.pick_up(order.pk, courier=courier)
    wrong = pressed(order, "delivered", code="1111")
    # when
    for _ in range(DOOR_TRIES + 1):
        assert outcomes(wrong, courier=courier) == ["door_code"]
    # then
    order.refresh_from_db()
    assert (order.door_tries, order.status) == (1, "picked_up")
    assert outcomes(pressed(order, "delivered", code="4821"), courier=courier) == ["done"]


@pytest.mark.django_db(transaction=True)
def test_one_press_in_two_messages_at_one_instant_is_carried_out_once(courier: Courier) -> None:
    order = taken(courier)
    both = [pressed(order, "picked_up"), pressed(order, "delivered")]
    results = at_once(*[lambda: merge(both, courier=courier)] * 3)
    told = [[each.outcome for each in result] for result in results if not isinstance(result, Exception)]
    assert told == [["done", "done"]] * 3
    assert facts(order).count("order.delivered") == 1
    assert Press.objects.count() == 2


def test_the_api_answers_each_press_for_itself(courier: Courier) -> None:
    order = taken(courier)
    caller = Caller(courier.user)
    key = str(uuid.uuid4())
    body = {
        "presses": [
            {"key": key, "order": str(order.pk), "stage": "picked_up", "seconds_ago": 4.5},
            {"key": str(uuid.uuid4()), "order": str(uuid.uuid4()), "stage": "delivered", "seconds_ago": 1},
        ]
    }
    status, answer = caller.post("/courier/presses", body)
    assert status == 200
    assert [each["outcome"] for each in answer["presses"]] == ["done", "unknown"]
    assert answer["presses"][0]["key"] == key and answer["presses"][0]["message"].startswith(
        f"{order.number} counts as"
    )


@pytest.mark.parametrize(
    "change", [{"stage": "accepted"}, {"seconds_ago": -1}, {"key": "one"}, {"door_code": "\0"}, {"seconds_ago": 1e9}]
)
def test_an_offer_cannot_be_taken_by_a_late_press_nor_nonsense_be_kept(courier: Courier, change: Any) -> None:
    order = taken(courier)
    press = {"key": str(uuid.uuid4()), "order": str(order.pk), "stage": "picked_up", "seconds_ago": 1} | change
    status, answer = Caller(courier.user).post("/courier/presses", {"presses": [press]})
    assert (status, answer["code"]) == (422, "invalid")
    assert Press.objects.count() == 0
