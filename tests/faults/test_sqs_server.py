"""Rows 4 and 5: the SQS server refuses, breaks off, dies, comes back, and comes back with nothing.

That kombu's own transport does not survive the first of these is shown in `tests/messaging/sqs/test_receiving.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from config.embedded.stack import Stack
from delivery import offers
from delivery.models import Assignment
from messaging import topology
from messaging.models import OutboxRow, Road, TaskRun
from messaging.names import QUEUES
from messaging.sqs.client import queue_url, shared_client
from orders import lifecycle
from orders.lifecycle import Actor
from tests import factories
from tests.messaging.sqs.proxy import FaultProxy
from tests.messaging.sqs.workers import depth, post
from tests.system import running
from tests.waiting import wait_for

from .outcome import assert_delivered, assert_kept, await_drained, await_ended
from .people import Town
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

ALL_QUEUES = sorted(set(QUEUES.values()))
#: Seconds after its end in which a fault must be over for every queue. The matrix says 10; a test run is on a machine
#: that may have other things to do.
RESUMED = 10.0 if FULL else 20.0


def lasting(seconds: float) -> None:
    """The length of a fault: part of the trial, not a wait for anything."""
    threading.Event().wait(seconds)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    made = FaultProxy(settings.SQS_ENDPOINT_URL)
    yield made
    made.close()


class Outage:
    """What the proxy answers: `verdict` once to each operation on each queue, or to everything until `end()`."""

    def __init__(self, verdict: tuple[int, str] | str, *, once: bool) -> None:
        self.verdict = verdict
        self.once = once
        self.over = False
        self.ended_at = 0.0
        self.hit: dict[tuple[str, str], float] = {}
        self.resumed: dict[tuple[str, str], float] = {}

    def __call__(self, operation: str, request: dict[str, Any]) -> tuple[int, str] | str | None:
        what = (operation, str(request.get("QueueUrl", "")).rpartition("-")[2])
        if self.over or (self.once and what in self.hit):
            self.resumed.setdefault(what, time.monotonic())
            return None
        self.hit[what] = time.monotonic()
        return self.verdict

    def end(self) -> None:
        self.ended_at = time.monotonic()
        self.over = True

    def away(self) -> dict[str, float]:
        """Seconds from the fault's end to the first receive that was let through, by queue."""
        return {
            queue: at - (self.hit["ReceiveMessage", queue] if self.once else self.ended_at)
            for (operation, queue), at in list(self.resumed.items())
            if operation == "ReceiveMessage"
        }


#: What is answered, and whether only once.
FAULTS: dict[str, tuple[tuple[int, str] | str, bool]] = {
    "one 503": ((503, "ServiceUnavailable"), True),
    "one throttle": ((400, "ThrottlingException"), True),
    "resets": ("reset", False),
}


@pytest.mark.fault(4, "every SQS call fails once with a 503, once with a throttle; then resets, 30 s in full")
def test_work_goes_on_after_failed_calls(fault: Row, proxy: FaultProxy) -> None:
    longest = dict.fromkeys(FAULTS, 0.0)
    env = {"SQS_ENDPOINT_URL": proxy.url, "FORKROAD_SQS_WAIT_SECONDS": "1"}
    with running("relay", "payments", "worker", env=env) as system, Town() as town:
        for chance in fault.run(short=1, full=10):
            for name, (verdict, once) in FAULTS.items():
                outage = proxy.fault = Outage(verdict, once=once)
                orders = town.order_many(2, chance=chance)
                if not once:
                    lasting(30 if FULL else 2)
                    outage.end()
                wait_for(lambda: len(outage.away()) == len(ALL_QUEUES), within=60, what=f"receives after {name}")  # noqa: B023
                away = max(outage.away().values())
                assert away <= RESUMED, f"{name}: {outage.away()}"
                longest[name] = max(longest[name], away)
                await_ended(orders, within=30)
                assert_delivered(orders)
                proxy.fault = None
        assert "receiving from dispatch again after" in system.log("worker")
        await_drained(within=10)
    assert_kept()
    for name, seconds in longest.items():
        fault.measures[f"receiving again after {name}"] = f"{seconds:.1f} s"


@pytest.mark.fault(4, "the SQS server is killed and started again")
def test_work_goes_on_after_a_restart_of_the_server(fault: Row, stack: Stack) -> None:
    slowest = 0.0
    with running("relay", "payments", "worker"), Town() as town:
        for chance in fault.run(short=1, full=10):
            orders = town.order_many(3, chance=chance, slow=0.5)
            lasting(chance.uniform(0, 1))
            stack.sqs.kill()
            orders += town.order_many(3, chance=chance)
            lasting(chance.uniform(0, 20 if FULL else 1))
            stack.sqs.start()
            back, back_at = time.monotonic(), datetime.now(UTC)
            for queue in ("payments", "dispatch"):
                fresh = TaskRun.objects.filter(queue=queue, started_at__gt=back_at)
                wait_for(fresh.exists, within=RESUMED - (time.monotonic() - back), what=f"commands of {queue} again")
            slowest = max(slowest, time.monotonic() - back)
            await_ended(orders, within=30)
            assert_delivered(orders)
        await_drained(within=10)
    assert_kept()
    fault.measures["receiving again"] = f"{slowest:.1f} s after it was back"


def wipe(stack: Stack) -> None:
    """The server comes back on an empty disk, and an operator makes the queues anew."""
    stack.sqs.kill()
    for path in stack.sqs.data.iterdir():
        if path.name != "elasticmq.conf":
            path.unlink()
    stack.sqs.start()
    topology.apply()


def purge() -> None:
    """Somebody empties every queue."""
    for queue in ALL_QUEUES:
        shared_client().purge_queue(QueueUrl=queue_url(queue))


@pytest.mark.fault(5, "SQS comes back empty, with commands of every kind of round lost")
def test_the_sweeper_brings_back_what_sqs_lost(fault: Row, stack: Stack) -> None:
    """Wall time: the sweeper's patience with the roads does not follow the city's clock, which runs at speed 1 here."""
    slowest = 0.0
    for _ in fault.run(short=1, full=1):
        with running("relay", "sweep"):
            # given: orders that wait for a round, and one called off with its courier still bound to it
            town = Town()
            waiting = [factories.accepted_order(town.customer, town.restaurant, minutes=0) for _ in range(3)]
            called_off = factories.accepted_order(town.customer, town.restaurant, minutes=0)
            bind(called_off.pk, town)
            lifecycle.cancel(called_off.pk, by=Actor("operator"), reason="test")
            wait_for(lambda: not OutboxRow.objects.filter(road=Road.SQS).exists(), within=10, what="commands in SQS")
            # Calls for one zone may have travelled as one.
            for _ in range(4):
                post("delivery.dispatch_zone", queue="dispatch", zone="centre")
            wait_for(lambda: depth("dispatch")[0] >= 5, within=10, what="the commands of dispatch to lie in SQS")

            # when
            wipe(stack)
            lost = time.monotonic()
            # One or two may be there already: the sweeper does not wait for us.
            assert depth("dispatch")[0] < 3

            # then
            with running("payments", "worker"), town:
                wait_for(lambda: held_by_ended() == 0, within=60, what="the courier of the order that ended to be free")
                await_ended([*waiting], within=60 - (time.monotonic() - lost))
                slowest = time.monotonic() - lost
                assert_delivered(waiting)
                if FULL:
                    # Its void was lost as well: the gateway's turn comes after half a minute.
                    await_ended([called_off], within=75)
                await_drained(within=10)
        assert_kept()
    fault.measures["all delivered"] = f"{slowest:.1f} s after the loss"


@pytest.mark.skipif(not FULL, reason="the sweeper waits half a minute for a payment: part of the full matrix")
@pytest.mark.fault(5, "SQS loses all its messages under load, by purge and by an empty disk")
def test_nothing_is_lost_with_the_messages_under_load(fault: Row, stack: Stack) -> None:
    slowest = 0.0
    with running("relay", "sweep", "payments", "worker"), Town(riders=4, capacity=3) as town:
        for number, chance in enumerate(fault.run(short=1, full=6)):
            orders = town.order_many(8, chance=chance, slow=0.3)
            lasting(chance.uniform(0, 4))
            if number % 2:
                wipe(stack)
            else:
                purge()
            lost = time.monotonic()
            await_ended(orders, within=60)
            slowest = max(slowest, time.monotonic() - lost)
            assert_delivered(orders)
        await_drained(within=10)
    assert_kept()
    fault.measures["all delivered and paid"] = f"{slowest:.1f} s after the loss"


def bind(order: UUID, town: Town) -> None:
    """Give the order to the town's first courier."""
    courier = town.riders[0]
    offer = offers.make(order, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)


def held_by_ended() -> int:
    return Assignment.objects.filter(state=Assignment.State.ACTIVE, order__status="cancelled").count()
