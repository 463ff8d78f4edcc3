"""What is watched for, and what is done about it."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from django.db.models import Value
from django.db.models.functions import Now

from delivery import offers
from delivery.forsaken import watch_undispatched
from delivery.models import Assignment, Offer
from delivery.silence import SILENT, watch_couriers
from messaging.alerting import machine
from messaging.alerting.answering import answer_incidents
from messaging.models import DeadLetter, Generation, Incident, IncidentStep, OutboxRow, StoredOffset
from messaging.models.incident import resolve_incident
from orders import kitchen, lifecycle
from orders.city import CityAfter
from orders.lateness import KITCHEN_LATE, watch_kitchens
from orders.models import Order, PaymentHistory, Restaurant
from orders.payments.failing import watch_payments
from tests import factories

from .conftest import carry_out, opened, owed

pytestmark = pytest.mark.django_db

HOUR = CityAfter(Value(-3600))


def outcomes(kind: str) -> list[str]:
    return list(IncidentStep.objects.filter(incident__kind=kind).order_by("id").values_list("outcome", flat=True))


def answered() -> None:
    answer_incidents()
    carry_out(owed())


def test_an_order_without_a_courier_is_told_of_once_and_the_next_courier_is_asked() -> None:
    order, fresh = factories.accepted_order(), factories.accepted_order()
    Order.objects.filter(pk=order.pk).update(ready_by=HOUR)
    assert [watch_undispatched(), watch_undispatched()] == [1, 0]
    assert Incident.objects.get().subject == str(order.pk) != str(fresh.pk)
    courier = factories.make_courier()
    answered()
    assert outcomes("undispatched") == [f"asked {courier.name}"]
    offer = Offer.objects.get()
    offers.accept(offer.pk, courier=courier)
    assert not Incident.objects.open().exists(), "over by itself: somebody has it"


def test_who_had_their_turn_is_not_the_next_courier() -> None:
    order = factories.accepted_order()
    courier = factories.make_courier()
    offers.decline(offers.make(order.pk, courier_id=courier.pk).pk, courier=courier)  # type: ignore[union-attr]
    Order.objects.filter(pk=order.pk).update(ready_by=HOUR)
    watch_undispatched()
    answered()
    assert outcomes("undispatched") == ["no other courier could be asked; a round was called for"]
    assert Offer.objects.count() == 1


@pytest.mark.parametrize("picked_up", [False, True])
def test_a_silent_courier_loses_what_they_have_not_picked_up(picked_up: bool) -> None:
    order = factories.ready_order()
    courier = factories.make_courier()
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    Order.objects.filter(pk=order.pk).update(ready_at=HOUR)
    Offer.objects.update(answered_at=HOUR)
    assert watch_couriers() == 1
    if picked_up:
        Order.objects.filter(pk=order.pk).update(status="picked_up")
    answered()
    held = Assignment.objects.filter(order=order, state="active").exists()
    assert held is picked_up
    assert Incident.objects.open().filter(kind=SILENT).exists() is picked_up
    (outcome,) = outcomes(SILENT)
    assert outcome == (
        f"{courier.name} has it in their hands: telephone"
        if picked_up
        else f"taken back from {courier.name}; the next round asks another courier"
    )


def late_kitchen() -> Restaurant:
    restaurant = factories.make_restaurant()
    for _ in range(3):
        Order.objects.filter(pk=factories.accepted_order(restaurant=restaurant).pk).update(ready_by=HOUR)
    return restaurant


def test_a_late_kitchen_is_paused_and_takes_orders_again_when_it_has_caught_up() -> None:
    restaurant = late_kitchen()
    assert [watch_kitchens(), watch_kitchens()] == [1, 0]
    OutboxRow.objects.filter(road="kafka").delete()
    answered()
    assert Restaurant.objects.filter(pk=restaurant.pk, paused=True).exists()
    restaurant.refresh_from_db()
    row = OutboxRow.objects.get(type="restaurant.paused")
    assert (row.sequence, b'"reason":"late"' in bytes(row.payload)) == (restaurant.version, True)
    for order in Order.objects.all():
        lifecycle.mark_ready(order.pk, by=lifecycle.Actor("restaurant", restaurant.user_id))
    assert watch_kitchens() == 1
    answered()
    assert Restaurant.objects.filter(pk=restaurant.pk, paused=False).exists()
    assert outcomes(KITCHEN_LATE)[-1] == "takes orders again"


def test_a_kitchen_that_paused_by_itself_is_not_opened_by_us() -> None:
    restaurant = late_kitchen()
    kitchen.set_paused(by=restaurant.user, paused=True)
    watch_kitchens()
    answered()
    resolve_incident(KITCHEN_LATE, restaurant.slug)
    answered()
    restaurant.refresh_from_db()
    assert restaurant.paused
    assert outcomes(KITCHEN_LATE) == ["it had paused already", "it was not paused by this"]


def test_two_late_orders_are_no_incident() -> None:
    late_kitchen()
    Order.objects.filter(pk=Order.objects.all()[0].pk).update(ready_by=CityAfter(Value(600)))
    assert (watch_kitchens(), Incident.objects.exists()) == (0, False)


def test_many_failing_payments_are_one_incident_that_ends() -> None:
    order = factories.paid_order()
    assert watch_payments() == 0

    def note(kind: str, count: int) -> None:
        first = PaymentHistory.objects.count() + 1
        PaymentHistory.objects.bulk_create(
            PaymentHistory(
                payment=order.payment,
                sequence=first + number,
                event_id=f"00000000-0000-4000-8000-{first + number:012}",
                type=kind,
                old_state="pending",
                new_state="declined",
                payload={},
                at=Now(),
            )
            for number in range(count)
        )

    note("payment.declined", 18)
    assert watch_payments() == 0, "fewer than twenty prove nothing"
    note("payment.declined", 1)
    assert [watch_payments(), watch_payments()] == [1, 0]
    assert "19 of 20 payments failed" in Incident.objects.get().message
    note("payment.authorised", 30)
    assert watch_payments() == 1
    assert not Incident.objects.open().exists()


def test_dead_letters_of_a_queue_are_one_incident_until_none_is_open() -> None:
    letters = [DeadLetter.objects.create(road="sqs", source="payments", message_id=f"m{n}") for n in range(3)]
    assert [machine.watch_dead_letters(), machine.watch_dead_letters()] == [1, 0]
    assert Incident.objects.get().subject == "payments"
    DeadLetter.objects.filter(pk__in=[one.pk for one in letters]).update(state="discarded")
    assert machine.watch_dead_letters() == 1
    assert not Incident.objects.open().exists()


def test_a_group_far_behind_or_standing_still_is_told_of(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LAG_LIMIT = 100
    Generation.objects.create(group="metrics", number=1, state="live")
    row = StoredOffset.objects.create(group="metrics", generation=1, topic="orders.events", partition=0, position=50)
    ends: dict[int, int] | None = {0: 151}
    monkeypatch.setattr(machine, "ends_of", lambda topic: ends)
    monkeypatch.setattr(machine, "_groups", machine.Patience())
    assert [machine.watch_lag(), machine.watch_lag()] == [1, 0]
    ends = None
    assert machine.watch_lag() == 0, "Kafka is silent: nothing is known"
    assert Incident.objects.open().count() == 1
    ends = {0: 60}
    assert machine.watch_lag() == 1, "it has caught up enough"
    moment = monotonic()
    monkeypatch.setattr(machine, "monotonic", lambda: moment + machine.STILL + 1)
    assert machine.watch_lag() == 1
    assert "applied none" in Incident.objects.open().get().message
    StoredOffset.objects.filter(pk=row.pk).update(position=55)
    assert machine.watch_lag() == 1, "it moves again"


def test_a_queue_that_nobody_takes_from_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: dict[str, int | None] = {"payments": 5, "dispatch": 0, "notices": 0, "alerts": 0}
    monkeypatch.setattr(machine, "_waiting", lambda queue: waiting.get(queue, 0))
    monkeypatch.setattr(machine, "_queues", machine.Patience())
    assert machine.watch_workers() == 0
    moment = monotonic()
    monkeypatch.setattr(machine, "monotonic", lambda: moment + machine.STILL + 1)
    assert [machine.watch_workers(), machine.watch_workers()] == [1, 0]
    assert Incident.objects.get().subject == "payments"
    waiting["payments"] = None
    assert machine.watch_workers() == 0, "SQS is silent: nothing is over"
    waiting["payments"] = 0
    assert machine.watch_workers() == 1


def test_an_incident_about_something_that_is_gone_is_answered_in_words() -> None:
    opened("undispatched", "00000000-0000-4000-8000-000000000000")
    opened("undispatched", "no order at all")
    opened(KITCHEN_LATE, "nowhere")
    answered()
    assert sorted(outcomes("undispatched") + outcomes(KITCHEN_LATE)) == [
        "there is no such order",
        "there is no such order",
        "there is no such restaurant",
    ]


def test_an_order_that_a_person_ended_the_incident_of_is_left_alone_for_a_while() -> None:
    order = factories.accepted_order()
    Order.objects.filter(pk=order.pk).update(ready_by=HOUR)
    watch_undispatched()
    Incident.objects.update(resolved_at=Now(), resolved_by=7)
    assert watch_undispatched() == 0
    Incident.objects.update(resolved_at=Now() - timedelta(hours=1))
    assert watch_undispatched() == 1
