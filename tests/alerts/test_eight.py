"""The eight alerts that were asked for: each opens once, owes its response once, and has its entry in the runbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest
from django.db.models import Value
from django.db.models.functions import Now
from django.utils.timezone import now

from config.operator.runbook import runbook_of
from delivery import duties, offers
from delivery.forsaken import watch_undispatched
from delivery.models import Offer
from delivery.silence import watch_couriers
from messaging.alerting import machine
from messaging.alerting.answering import answer_incidents
from messaging.models import DeadLetter, Generation, Incident, OutboxRow, StoredOffset
from notifications.models import Notice
from orders.city import CityAfter
from orders.lateness import watch_kitchens
from orders.models import Order, PaymentHistory
from orders.payments.failing import watch_payments
from tests import factories

from .conftest import carry_out, owed

pytestmark = pytest.mark.django_db

HOUR_AGO = CityAfter(Value(-3600))
Watch = Callable[[], int]


def undispatched(monkeypatch: pytest.MonkeyPatch) -> Watch:
    Order.objects.filter(pk=factories.accepted_order().pk).update(ready_by=HOUR_AGO)
    return watch_undispatched


def silent_courier(monkeypatch: pytest.MonkeyPatch) -> Watch:
    order, courier = factories.ready_order(), factories.make_courier()
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    Order.objects.filter(pk=order.pk).update(ready_at=HOUR_AGO)
    Offer.objects.update(answered_at=HOUR_AGO)
    return watch_couriers


def late_kitchen(monkeypatch: pytest.MonkeyPatch) -> Watch:
    for _ in range(3):
        Order.objects.filter(pk=factories.accepted_order().pk).update(ready_by=HOUR_AGO)
    return watch_kitchens


def failing_payments(monkeypatch: pytest.MonkeyPatch) -> Watch:
    payment = factories.place_order().payment
    PaymentHistory.objects.bulk_create(
        PaymentHistory(
            payment=payment,
            sequence=number,
            event_id=f"00000000-0000-4000-8000-{number:012}",
            type="payment.declined",
            old_state="pending",
            new_state="declined",
            payload={},
            at=now(),
        )
        for number in range(1, 21)
    )
    return watch_payments


def old_outbox(monkeypatch: pytest.MonkeyPatch) -> Watch:
    factories.place_order()
    assert OutboxRow.objects.filter(road="kafka").update(recorded_at=now() - timedelta(hours=1))
    return duties.watch_outbox


def lagging_group(monkeypatch: pytest.MonkeyPatch) -> Watch:
    Generation.objects.create(group="metrics", number=1, state="live")
    StoredOffset.objects.create(group="metrics", generation=1, topic="orders.events", partition=0, position=0)
    monkeypatch.setattr(machine, "ends_of", lambda topic: {0: 10_000_000})
    return machine.watch_lag


def dead_letters(monkeypatch: pytest.MonkeyPatch) -> Watch:
    for number in range(3):
        DeadLetter.objects.create(road="sqs", source="payments", message_id=f"m{number}")
    return machine.watch_dead_letters


def gone_worker(monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(machine, "_waiting", lambda queue: 5 if queue == "payments" else 0)
    monkeypatch.setattr(machine, "_queues", machine.Patience())
    machine.watch_workers()
    moment = monotonic()
    monkeypatch.setattr(machine, "monotonic", lambda: moment + machine.STILL + 1)
    return machine.watch_workers


EIGHT: dict[str, tuple[Callable[[pytest.MonkeyPatch], Watch], str]] = {
    "undispatched": (undispatched, "alerts.call_next_courier"),
    "courier_silent": (silent_courier, "alerts.call_next_courier"),
    "kitchen_late": (late_kitchen, "alerts.pause_restaurant"),
    "payment_failures": (failing_payments, "alerts.page"),
    "outbox_age": (old_outbox, "alerts.page"),
    "consumer_lag": (lagging_group, "alerts.page"),
    "dead_letters": (dead_letters, "alerts.page"),
    "worker_gone": (gone_worker, "alerts.page"),
}


@pytest.mark.parametrize("kind", EIGHT)
def test_it_opens_once_and_is_answered_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_scene, response = EIGHT[kind]
    operator = factories.make_operator()
    watch = set_scene(monkeypatch)
    Incident.objects.all().delete()
    OutboxRow.objects.filter(road="sqs").delete()

    # when: it is looked for again and again while it lasts
    for _ in range(3):
        watch()
        answer_incidents()

    # then: one incident, one command on the queue of alerts, and words for whoever is woken by it
    assert list(Incident.objects.values_list("kind", flat=True)) == [kind]
    commands = owed()
    assert [task for task, _ in commands] == [response]
    carry_out(commands)
    answer_incidents()
    assert owed() == []
    step = Incident.objects.get().steps.get()
    assert (step.task, step.state, bool(step.outcome)) == (response, "done", True)
    assert len(runbook_of(kind)) > 60
    told = Notice.objects.filter(recipient=operator, channel="inbox", kind="incident").count()
    assert told == (1 if response == "alerts.page" else 0)


def test_what_nobody_takes_up_is_paged_again_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.make_operator()
    watch = dead_letters(monkeypatch)
    watch()
    answer_incidents()
    carry_out(owed())
    Incident.objects.update(opened_at=Now() - timedelta(minutes=31))
    answer_incidents()
    carry_out(owed())
    titles = Notice.objects.filter(channel="inbox").order_by("pk").values_list("facts__title", flat=True)
    title = "Commands have failed until nobody tries them any more"
    assert list(titles) == [title, f"Nobody has taken it up: {title}"]
