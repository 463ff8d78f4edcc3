"""How a message is settled: deleted or given back in batches, until SQS has heard it. Stock kombu 5.7.0 makes a call of
each delete.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from messaging.sqs.client import queue_url, shared_client
from messaging.sqs.settling import Settler
from tests.waiting import wait_for

from .proxy import FaultProxy
from .workers import Worker, depth, post, post_raw, take


@pytest.fixture
def settler(proxy: FaultProxy, settings: Any) -> Settler:
    settings.SQS_ENDPOINT_URL = proxy.url
    from messaging.sqs.client import new_client

    client = new_client(attempts=1, read_timeout=5)
    return Settler(lambda: client, visibility=30)


def received(count: int) -> list[str]:
    """Receipt handles of so many messages, just sent and received."""
    url = queue_url("alerts")
    for i in range(0, count, 10):
        shared_client().send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"m{n}"} for n in range(i, min(i + 10, count))]
        )
    handles: list[str] = []
    while len(handles) < count:
        handles += [message["ReceiptHandle"] for message in take("alerts")]
    return handles


def test_deletes_are_told_in_batches(settler: Settler, proxy: FaultProxy) -> None:
    handles = received(40)
    # The first call is held until all outcomes are noted: what gathers meanwhile must travel together.
    release = threading.Event()

    def hold(operation: str, request: dict[str, Any]) -> None:
        release.wait(5)

    proxy.fault = hold
    for handle in handles:
        settler.delete(queue_url("alerts"), handle)
    release.set()
    assert settler.close(within=5)
    assert depth("alerts") == (0, 0)
    assert proxy.calls["DeleteMessage"] == 0
    assert proxy.calls["DeleteMessageBatch"] <= 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("app", ["config", "tests.messaging.sqs.stock"], ids=["ours", "stock"])
def test_a_worker_deletes_what_is_done_in_batches_and_with_stock_kombu_one_by_one(
    proxy: FaultProxy, tmp_path: Path, app: str
) -> None:
    for number in range(40):
        post("alerts.note", text=str(number))
    with Worker(tmp_path, app=app, concurrency=4, SQS_ENDPOINT_URL=proxy.url):
        wait_for(lambda: depth("alerts") == (0, 0), within=30, what="the queue to be empty")
    alone, together = proxy.calls["DeleteMessage"], proxy.calls["DeleteMessageBatch"]
    assert (alone, together) == (40, 0) if app != "config" else alone == 0 and together < 40


def test_what_fails_is_told_again_until_it_succeeds(settler: Settler, proxy: FaultProxy) -> None:
    handles = received(12)
    verdicts: list[Any] = [(503, "ServiceUnavailable"), (400, "ThrottlingException"), "reset", "reset"]
    proxy.fault = lambda operation, _: verdicts.pop() if verdicts else None
    for handle in handles:
        settler.delete(queue_url("alerts"), handle)
    wait_for(lambda: depth("alerts") == (0, 0), within=10, what="all deletes, after failures")
    assert verdicts == []
    assert settler.close(within=5)


def test_an_entry_that_sqs_refuses_does_not_hold_up_the_others(settler: Settler) -> None:
    handles = received(3)
    settler.delete(queue_url("alerts"), "no receipt handle at all")
    for handle in handles:
        settler.delete(queue_url("alerts"), handle)
    assert settler.close(within=5)
    assert depth("alerts") == (0, 0)


def test_messages_given_back_are_visible_at_once_or_later(settler: Settler) -> None:
    now, later = received(2)
    settler.give_back(queue_url("alerts"), now, after=0)
    settler.give_back(queue_url("alerts"), later, after=1)
    assert settler.close(within=5)
    assert depth("alerts") == (1, 1)
    wait_for(lambda: depth("alerts") == (2, 0), within=5, what="the second message after its second")


def test_closing_gives_up_on_a_server_that_stays_away(settler: Settler, proxy: FaultProxy) -> None:
    (handle,) = received(1)
    proxy.fault = lambda operation, _: "reset"
    settler.delete(queue_url("alerts"), handle)
    assert not settler.close(within=1)
    proxy.fault = None
    assert depth("alerts") == (0, 1)


def test_it_starts_again_after_a_close(settler: Settler) -> None:
    assert settler.close(within=1)
    (handle,) = received(1)
    settler.delete(queue_url("alerts"), handle)
    assert settler.close(within=5)
    assert depth("alerts") == (0, 0)
    assert post_raw("x")
