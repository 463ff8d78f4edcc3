"""The second look at what must not be forgotten."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models import F, Value
from django.db.models.functions import Now

from delivery import couriers, dispatch, duties, offers
from delivery.locks import SessionLock
from delivery.models import Assignment, Courier, Offer, Zone
from delivery.sweeper import Duty, Sweeper
from messaging.models import OutboxRow
from orders import lifecycle
from orders.city import CityAfter
from orders.lifecycle import Actor
from orders.models import City, Order, OrderHistory, Payment
from tests import factories
from tests.system import ROOT, child_environment
from tests.waiting import wait_for

from .conftest import facts, let_run_out, offer_to

db = pytest.mark.django_db


def an_hour_ago(order: Order) -> None:
    """Age the wall-clock traces of an order."""
    past = Now() - timedelta(hours=1)
    OrderHistory.objects.filter(order=order).update(recorded_at=past)
    Payment.objects.filter(order=order).update(updated_at=past)


@db
def test_only_offers_past_their_deadline_end(courier: Courier, colleague: Courier) -> None:
    late, fresh = offer_to(courier), offer_to(colleague)
    let_run_out(late)
    assert [duties.expire_offers(), duties.expire_offers()] == [1, 0]
    assert Offer.objects.get(state="expired").pk == late.pk
    assert Offer.objects.get(state="open").pk == fresh.pk


@db
def test_a_zone_that_was_forgotten_is_called_for_once(courier: Courier) -> None:
    """SQS lost every message: the order waits, the courier is free, and no command is left."""
    factories.accepted_order()
    OutboxRow.objects.all().delete()
    assert [duties.wake_zones(), duties.wake_zones()] == [1, 0]
    row = OutboxRow.objects.get()
    assert (row.type, bytes(row.payload)) == ("delivery.dispatch_zone", b'{"zone":"centre"}')
    Zone.objects.update(nudged_at=Now() - duties.REMINDED - timedelta(seconds=1))
    assert duties.wake_zones() == 1, "that reminder was lost as well"


@db
def test_a_zone_that_was_served_a_moment_ago_is_left_alone_for_a_while(courier: Courier) -> None:
    order = factories.accepted_order(minutes=2)
    dispatch.dispatch("centre")
    offers.decline(Offer.objects.get().id, courier=courier)
    assert duties.wake_zones() == 0
    Zone.objects.update(served_at=Now() - duties.FORGOTTEN - timedelta(seconds=1))
    assert duties.wake_zones() == 1
    assert facts(order) == ["offer.made", "offer.declined"]


@db
def test_a_zone_without_work_is_never_called_for(courier: Courier) -> None:
    Zone.objects.update(requested=5)
    assert duties.wake_zones() == 0, "no order waits"
    Zone.objects.update(requested=F("served"))
    offer_to(courier)
    assert duties.wake_zones() == 0, "the order is offered"
    factories.accepted_order()
    assert duties.wake_zones() == 0, "nobody is free, and every call was answered"
    Zone.objects.update(requested=F("served") + 1)
    assert duties.wake_zones() == 1, "a call was not answered"


@db
def test_a_courier_of_an_ended_order_is_released_though_the_command_was_lost(courier: Courier) -> None:
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    lifecycle.cancel(order.id, by=Actor("operator"), reason="test")
    assert duties.release_ended() == 0, "the command may still come"
    an_hour_ago(order)
    assert [duties.release_ended(), duties.release_ended()] == [1, 0]
    assert Assignment.objects.get().state == "ended"


@db
def test_an_order_without_a_courier_is_given_up_in_the_end(courier: Courier) -> None:
    City.objects.update(undeliverable_minutes=60)
    waiting, offered, fresh = (factories.accepted_order() for _ in range(3))
    offer_to(courier, offered)
    Order.objects.filter(pk__in=[waiting.pk, offered.pk]).update(accepted_at=CityAfter(Value(-3601)))
    assert [duties.give_up_undeliverable(), duties.give_up_undeliverable()] == [1, 0]
    assert dict(Order.objects.values_list("pk", "status")) == {
        waiting.pk: "undeliverable",
        offered.pk: "accepted",
        fresh.pk: "accepted",
    }
    assert OrderHistory.objects.get(type="order.undeliverable").reason == "no_courier"


@db
def test_payments_without_an_answer_are_owed_again(courier: Courier) -> None:
    placed, cancelled, delivered, fine = (
        factories.place_order(),
        factories.paid_order(),
        factories.ready_order(),
        factories.paid_order(),
    )
    lifecycle.cancel(cancelled.id, by=Actor("operator"), reason="test")
    offers.accept(offer_to(courier, delivered).id, courier=courier)
    couriers.pick_up(delivered.id, courier=courier)
    couriers.deliver(delivered.id, courier=courier)
    OutboxRow.objects.all().delete()
    assert duties.remind_payments() == 0, "all of it may still be on its way"
    for order in (placed, cancelled, delivered, fine):
        an_hour_ago(order)
    assert duties.remind_payments() == 3
    owed = dict(OutboxRow.objects.values_list("type", "key"))
    assert owed == {
        "payments.authorise": str(placed.id),
        "payments.void": str(cancelled.id),
        "payments.capture": str(delivered.id),
    }
    assert duties.remind_payments() == 0, "one reminder of each waits in the outbox"


@db
def test_a_duty_that_fails_does_not_stop_the_others() -> None:
    def broken() -> int:
        raise RuntimeError("no")

    def whole() -> int:
        return 7

    watch = Sweeper((Duty(broken), Duty(whole)))
    assert (watch.sweep(), watch.failures) == ({"whole": 7}, {"broken": "RuntimeError: no"})


@db
def test_a_duty_has_its_own_rhythm() -> None:
    watch = Sweeper((Duty(duties.expire_offers, every=0.0), Duty(duties.wake_zones, every=60.0)))
    assert watch.sweep() == {"expire_offers": 0, "wake_zones": 0}
    assert watch.sweep() == {"expire_offers": 0}


@db
def test_one_subject_that_fails_does_not_stop_the_others() -> None:
    def halve(number: int) -> bool:
        if number % 2:
            raise ValueError(number)
        return True

    assert duties.each_alone(halve, [1, 2, 3, 4]) == 2


@db
def test_a_duty_that_waits_for_others_holds_up_no_deadline(courier: Courier) -> None:
    answer = threading.Event()

    def slow() -> int:
        answer.wait(timeout=10)
        return 3

    let_run_out(offer_to(courier))
    watch = Sweeper([Duty(slow, aside=True), Duty(duties.expire_offers, every=0.0)])
    try:
        assert watch.sweep() == {"expire_offers": 1}
        assert watch.sweep() == {"expire_offers": 0}
        answer.set()
        assert watch.sweep(wait=True) == {"expire_offers": 0, "slow": 3}
    finally:
        watch.close()


@db
def test_sweep_once_says_what_it_did(courier: Courier) -> None:
    let_run_out(offer_to(courier))
    out = StringIO()
    call_command("sweep", "--once", "--json", "--duty", "expire_offers", stdout=out)
    assert json.loads(out.getvalue()) == {"done": {"expire_offers": 1}, "failed": {}}


@db
def test_sweep_once_fails_when_a_duty_does(courier: Courier, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(offer_id: object) -> bool:
        raise OperationalError("gone")

    let_run_out(offer_to(courier))
    monkeypatch.setattr(offers, "expire", broken)
    out = StringIO()
    with pytest.raises(CommandError, match="expire_offers"):
        call_command("sweep", "--once", "--json", "--duty", "expire_offers", "--duty", "wake_zones", stdout=out)
    assert json.loads(out.getvalue()) == {
        "done": {"wake_zones": 0},
        "failed": {"expire_offers": "OperationalError: gone"},
    }


@pytest.mark.django_db(transaction=True)
def test_one_sweeper_is_active_and_another_takes_over() -> None:
    first, second = SessionLock("test-sweeper"), SessionLock("test-sweeper")
    try:
        assert [first.hold(), second.hold(), first.hold()] == [True, False, True]
        first.release()
        assert wait_for(second.hold, within=5, what="the lock that the first let go of")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        assert wait_for(first.hold, within=5, what="the lock of a connection that was cut")
        assert not second.hold(), "it must notice, and not take for its own what it lost"
    finally:
        first.release()
        second.release()


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_runs_says_that_it_is_ready_and_ends_on_sigterm(courier: Courier, tmp_path: Path) -> None:
    offer = offer_to(courier)
    let_run_out(offer)
    env = child_environment() | {"FORKROAD_READY_FILE": str(tmp_path / "ready"), "FORKROAD_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "manage.py", "sweep", "--json"], cwd=ROOT, env=env) as process:
        try:
            wait_for((tmp_path / "ready").exists, within=20, what="the sweeper to be ready")
            wait_for(
                lambda: Offer.objects.filter(pk=offer.pk, state="expired").exists(),
                within=10,
                what="the offer that ran out to be ended",
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
