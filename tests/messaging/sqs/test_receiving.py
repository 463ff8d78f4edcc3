"""A worker keeps receiving whatever its ReceiveMessage meets. Stock kombu 5.7.0 stops for good at the first failure."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from config.embedded.stack import Stack
from messaging.models import TaskRun
from messaging.names import full_queue
from messaging.sqs.client import shared_client
from tests.waiting import wait_for

from .proxy import FaultProxy
from .workers import Worker, post

pytestmark = pytest.mark.django_db(transaction=True)

FAULTS: dict[str, tuple[int, str] | str] = {
    "a 503": (503, "ServiceUnavailable"),
    "a throttle": (400, "ThrottlingException"),
    "no permission for a moment": (403, "AccessDenied"),
    "a connection reset": "reset",
}


def ran(task_id: str) -> bool:
    return TaskRun.objects.filter(task_id=task_id, outcome=TaskRun.Outcome.SUCCEEDED).exists()


def meet(proxy: FaultProxy, verdict: tuple[int, str] | str, *, polls: int) -> None:
    """Let so many polls fail, then none."""
    before = proxy.failed["ReceiveMessage"]
    proxy.fault = lambda operation, _: verdict if operation == "ReceiveMessage" else None
    wait_for(
        lambda: proxy.failed["ReceiveMessage"] >= before + polls, within=10, what=f"{polls} polls to meet {verdict}"
    )
    proxy.fault = None


def expect(text: str, *, within: float) -> None:
    task_id = post("alerts.note", text=text)
    wait_for(lambda: ran(task_id), within=within, what=f"the command sent {text}")


def known() -> bool:
    """Whether the server knows the queue: it listens before it has read them all."""
    with contextlib.suppress(ClientError):
        return bool(shared_client().get_queue_url(QueueName=full_queue("alerts")))
    return False


def test_worker_receives_again_after_every_kind_of_failure(proxy: FaultProxy, tmp_path: Path) -> None:
    with Worker(tmp_path, SQS_ENDPOINT_URL=proxy.url) as worker:
        for name, verdict in FAULTS.items():
            meet(proxy, verdict, polls=2)
            expect(f"after {name}", within=8)
        assert "receiving from alerts again after" in worker.logged()


def test_worker_with_stock_kombu_never_receives_again(proxy: FaultProxy, tmp_path: Path) -> None:
    """The fault is real: without the corrections the same 503 ends receiving, or the worker."""
    with Worker(tmp_path, app="tests.messaging.sqs.stock", SQS_ENDPOINT_URL=proxy.url):
        expect("before", within=8)
        meet(proxy, FAULTS["a 503"], polls=1)
        polls = proxy.calls["ReceiveMessage"]
        with pytest.raises(AssertionError, match="in vain"):
            expect("after", within=4)
        assert proxy.calls["ReceiveMessage"] == polls


def test_failing_polls_are_spaced_out(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.fault = lambda operation, _: (503, "ServiceUnavailable") if operation == "ReceiveMessage" else None
    with Worker(tmp_path, SQS_ENDPOINT_URL=proxy.url):
        wait_for(lambda: proxy.failed["ReceiveMessage"] >= 5, within=20, what="five failed polls")
        # 0.25 + 0.5 + 1 + 2 s lie between them, a quarter less at least: no spinning.
        assert proxy.failed["ReceiveMessage"] < 10


def test_worker_receives_again_after_a_server_restart(stack: Stack, queues: object, tmp_path: Path) -> None:
    with Worker(tmp_path):
        expect("before", within=8)
        stack.sqs.kill()
        stack.sqs.start()
        wait_for(known, within=20, what="the server to have read its many queues back")
        expect("after", within=10)
