"""A message stays hidden while its command runs, and not for ever. Stock kombu 5.7.0 runs it a second time beside."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from messaging import topology
from messaging.sqs.client import new_client, queue_url
from messaging.sqs.holding import Holds
from messaging.sqs.queues import align_queues
from messaging.sqs.settling import Settler
from tests.waiting import wait_for

from .proxy import FaultProxy
from .workers import Worker, depth, post, post_raw, take

VISIBILITY = 2


@pytest.fixture
def short(proxy: FaultProxy, settings: Any) -> FaultProxy:
    """Queues whose messages are hidden for two seconds."""
    settings.VISIBILITY_SECONDS = VISIBILITY
    list(align_queues(topology.queues(), change=True))
    return proxy


def worker(home: Path, proxy: FaultProxy, *, pool: str = "threads", app: str = "config") -> Worker:
    return Worker(
        home,
        pool=pool,
        app=app,
        SQS_ENDPOINT_URL=proxy.url,
        FORKROAD_VISIBILITY_SECONDS=str(VISIBILITY),
        FORKROAD_TASK_LIMIT_SECONDS="60",
    )


def runs(path: Path) -> int:
    return len(path.read_text().split()) if path.exists() else 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_command_longer_than_the_visibility_timeout_runs_once(short: FaultProxy, tmp_path: Path, pool: str) -> None:
    path = tmp_path / "runs"
    with worker(tmp_path, short, pool=pool):
        post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path) == 1, within=10, what="the command to run")
        # Each renewal comes a second or more after the one before: more than two timeouts pass.
        wait_for(lambda: short.calls["ChangeMessageVisibilityBatch"] >= 5, within=20, what="five renewals")
        assert depth("alerts") == (0, 1)
        Path(f"{path}.go").touch()
        wait_for(lambda: depth("alerts") == (0, 0), within=5, what="the acknowledgement")
    assert runs(path) == 1


@pytest.mark.django_db(transaction=True)
def test_with_stock_kombu_it_runs_beside_itself(short: FaultProxy, tmp_path: Path) -> None:
    """The fault is real: without the corrections the second thread takes the same message."""
    path = tmp_path / "runs"
    with worker(tmp_path, short, app="tests.messaging.sqs.stock"):
        post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path) == 2, within=15, what="the same command twice at once")


def test_a_message_is_renewed_after_a_failure_and_up_to_the_bound(short: FaultProxy, settings: Any) -> None:
    settings.SQS_ENDPOINT_URL = short.url
    client = new_client(attempts=1, read_timeout=5)
    settler = Settler(lambda: client, visibility=VISIBILITY, longest=6)
    post_raw("x")
    (message,) = wait_for(lambda: take("alerts"), within=5, what="the message")
    received = time.monotonic()
    verdicts: list[Any] = [(503, "ServiceUnavailable")]
    short.fault = lambda operation, _: (
        verdicts.pop() if verdicts and operation == "ChangeMessageVisibilityBatch" else None
    )
    settler.hold(queue_url("alerts"), message["ReceiptHandle"])
    wait_for(lambda: not verdicts, within=5, what="a failed renewal")
    wait_for(lambda: take("alerts"), within=10, what="the message to be visible again")
    assert 2.9 < time.monotonic() - received < 7.5
    assert settler.close(within=5)


def test_what_is_settled_is_not_renewed(short: FaultProxy, settings: Any) -> None:
    settings.SQS_ENDPOINT_URL = short.url
    client = new_client(attempts=1, read_timeout=5)
    settler = Settler(lambda: client, visibility=VISIBILITY, longest=60)
    post_raw("x")
    post_raw("y")
    handles: list[str] = []
    while len(handles) < 2:
        handles += [message["ReceiptHandle"] for message in take("alerts")]
    for handle in handles:
        settler.hold(queue_url("alerts"), handle)
    settler.delete(queue_url("alerts"), handles[0])
    wait_for(lambda: short.calls["ChangeMessageVisibilityBatch"] >= 2, within=8, what="renewals of the other")
    renewed = [request for operation, request in short.requests if operation == "ChangeMessageVisibilityBatch"]
    assert {entry["ReceiptHandle"] for request in renewed for entry in request["Entries"]} == {handles[1]}
    assert settler.close(within=5)


def test_holds_are_due_at_half_their_time_and_end_at_the_bound() -> None:
    now = 0.0
    holds = Holds(visibility=60, longest=150, clock=lambda: now)
    holds.add("url", "a")
    holds.add("url", "b")
    holds.drop("b")
    seen = []
    for now in range(0, 200, 15):
        for held in holds.due():
            seen.append((now, held.handle))
            holds.renewed(held)
    # Hidden until 60 after the last: never past 150.
    assert seen == [(30, "a"), (60, "a")]
