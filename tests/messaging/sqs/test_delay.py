"""A short countdown is SQS's own delay. Stock kombu 5.7.0 sends it at once, for a worker to hold in memory."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.celery import app
from messaging.sqs.client import queue_url, shared_client
from messaging.sqs.delay import delay_by_sqs
from tests.waiting import wait_for

from .probes import note
from .test_send import opened
from .workers import ROOT, depth, take

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def delayed() -> int:
    names: Any = ["ApproximateNumberOfMessagesDelayed"]
    answer = shared_client().get_queue_attributes(QueueUrl=queue_url("alerts"), AttributeNames=names)
    return int(answer["Attributes"][names[0]])


def test_a_short_countdown_waits_at_the_server(queues: object, published: None) -> None:
    note.apply_async(kwargs={"text": "later"}, countdown=5)
    assert (delayed(), depth("alerts"), take("alerts")) == (1, (0, 0), [])
    (message,) = wait_for(lambda: take("alerts"), within=15, what="the delayed command")
    assert opened(message["Body"])["headers"]["eta"] is None


def test_with_stock_kombu_it_is_there_at_once(queues: object) -> None:
    publish = "from tests.messaging.sqs.stock import app; app.send_task('alerts.note', kwargs={}, countdown=600)"
    subprocess.run([sys.executable, "-c", publish], cwd=ROOT, check=True)
    (message,) = wait_for(lambda: take("alerts"), within=5, what="the command that is not due")
    assert opened(message["Body"])["headers"]["eta"]


def test_a_countdown_sqs_cannot_wait_for_is_left_to_the_worker(queues: object, published: None) -> None:
    note.apply_async(kwargs={"text": "much later"}, countdown=901.5)
    (message,) = take("alerts")
    assert opened(message["Body"])["headers"]["eta"]


@pytest.mark.parametrize(
    ("eta", "properties", "delay", "kept"),
    [
        (NOON + timedelta(seconds=5), {}, 5, False),
        (NOON + timedelta(seconds=4.2), {}, 5, False),
        (NOON + timedelta(seconds=900), {}, 900, False),
        (NOON + timedelta(seconds=901), {}, None, True),
        (NOON - timedelta(seconds=1), {}, None, False),
        (NOON.replace(tzinfo=None) + timedelta(seconds=5), {}, 5, False),
        (NOON + timedelta(seconds=5), {"delay_seconds": 60}, 60, True),
        ("soon", {}, None, True),
        (None, {}, None, True),
    ],
)
def test_which_eta_becomes_which_delay(eta: Any, properties: dict[str, Any], delay: int | None, kept: bool) -> None:
    written = eta.isoformat() if isinstance(eta, datetime) else eta
    message = {"headers": {"eta": written}, "properties": properties}
    delay_by_sqs(message, now=NOON)
    assert properties.get("delay_seconds") == delay
    assert message["headers"]["eta"] == (written if kept else None)


def test_a_message_without_headers_is_left_alone() -> None:
    message: dict[str, Any]
    for message in ({"properties": {}}, {"headers": None, "properties": {}}, {"headers": {"eta": NOON.isoformat()}}):
        before = repr(message)
        delay_by_sqs(message, now=NOON)
        assert repr(message) == before
    assert app.conf.broker_transport == "messaging.sqs.transport:Transport"
