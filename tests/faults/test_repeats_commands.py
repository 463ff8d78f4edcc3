"""Row 7, the half of the commands: SQS hands every message out ten times, in no order."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from messaging.models import TaskRun
from messaging.sqs.client import shared_client
from orders import lifecycle
from orders.lifecycle import Actor, IllegalTransition
from orders.models import Order, OrderHistory, Status
from tests.messaging.sqs.proxy import FaultProxy
from tests.system import running
from tests.waiting import wait_for

from .outcome import assert_delivered, assert_kept, await_drained, await_ended
from .people import Town
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

COPIES = 10
#: The copies of a message come spread over so many seconds, so among those of what was sent long after it.
SPREAD = 8 if FULL else 3


class Repeater:
    """Sends each batch that the relay sends nine times more, each message with a delay of its own."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        self.messages = 0

    def __call__(self, operation: str, request: dict[str, Any]) -> None:
        if operation != "SendMessageBatch":
            return
        for _ in range(COPIES - 1):
            entries: Any = [entry | {"DelaySeconds": self.chance.randint(0, SPREAD)} for entry in request["Entries"]]
            answer = shared_client().send_message_batch(QueueUrl=request["QueueUrl"], Entries=entries)
            assert not answer.get("Failed")
        self.messages += len(request["Entries"])


@pytest.fixture
def repeater(roads: None) -> Iterator[tuple[FaultProxy, Repeater]]:
    """A way to the SQS server on which every message becomes ten."""
    proxy, repeater = FaultProxy(settings.SQS_ENDPOINT_URL), Repeater()
    proxy.fault = repeater
    yield proxy, repeater
    proxy.close()


def call_off(order: Order, *, after: float) -> threading.Timer:
    """Cancel it a moment later, wherever it is then on its way."""

    def cancel() -> None:
        try:
            lifecycle.cancel(order.pk, by=Actor("operator"), reason="test")
        except IllegalTransition:
            return  # delivered by then
        finally:
            connection.close()

    timer = threading.Timer(after, cancel)
    timer.start()
    return timer


@pytest.mark.fault(7, "every command delivered ten times, shuffled")
def test_commands_that_come_ten_times_act_once(fault: Row, repeater: tuple[FaultProxy, Repeater]) -> None:
    proxy, sent = repeater
    ended: Counter[str] = Counter()
    # The relay alone takes the way on which messages multiply.
    done = TaskRun.objects.filter(outcome=TaskRun.Outcome.SUCCEEDED)
    with (
        running("relay", env={"SQS_ENDPOINT_URL": proxy.url}),
        running("payments", "worker"),
        Town(riders=4, capacity=2) as town,
    ):
        for chance in fault.run(short=1, full=20):
            # given: orders on their way, some of them called off
            orders = town.order_many(5, chance=chance)
            lost = [call_off(order, after=chance.uniform(0, 3)) for order in orders[:2]]

            # when: each of their commands has been handed out and done ten times
            for timer in lost:
                timer.join()
            await_ended(orders, within=60)
            await_drained(within=60)
            wait_for(lambda: done.count() >= COPIES * sent.messages, within=60, what="the last copy")

            # then: each acted once
            ended.update(check_each_acted_once(orders))
    assert_kept()
    runs = Counter(done.values_list("task_id", flat=True))
    assert (len(runs), set(runs.values())) == (sent.messages, {COPIES})
    fault.measures["commands"] = f"{sent.messages}, each run {COPIES} times"
    fault.measures["orders"] = ", ".join(f"{count} {status}" for status, count in sorted(ended.items()))


def check_each_acted_once(orders: list[Order]) -> Iterator[str]:
    """Delivered orders have the history of any other; those called off have one end, and no courier kept."""
    told = OrderHistory.objects.filter(order__in=orders).values_list("order", "type")
    once = {"order.placed", "order.paid", "order.accepted", "order.ready", "order.delivered", "order.cancelled"}
    for (pk, kind), count in Counter(told).items():
        assert count == 1 or kind not in once, f"{pk}: {count} times {kind}"
    found = list(Order.objects.filter(pk__in=[order.pk for order in orders]).select_related("payment"))
    assert_delivered([order for order in found if order.status == Status.DELIVERED])
    for order in found:
        if order.status != Status.DELIVERED:
            assert (order.status, order.payment.state) == (Status.CANCELLED, "voided"), str(order.pk)
            taken = order.history.filter(type="courier.assigned").count()
            assert order.history.filter(type="courier.released").count() == taken <= 1
        yield order.status
