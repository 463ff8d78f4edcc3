"""Commands from the outbox are on the queue what Celery itself would have put there."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from messaging.envelope import rfc3339
from messaging.relay.sending import Result, Row
from messaging.sqs.client import shared_client
from messaging.sqs.send import MAX_BYTES, CommandSender, Prepared, batches
from tests.waiting import wait_for

from .probes import note
from .proxy import FaultProxy
from .workers import depth, take

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def row(number: int = 1, *, task: str = "alerts.note", queue: str = "alerts", delay: int = 0, **kwargs: Any) -> Row:
    return Row(
        id=number,
        shard=0,
        destination=queue,
        type=task,
        key=f"order-{number}",
        sequence=None,
        message_id=str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))),
        time=rfc3339(NOON),
        payload=json.dumps(kwargs).encode(),
        traceparent="",
        delay_seconds=delay,
        recorded_at=rfc3339(NOON),
        attempts=0,
    )


def opened(body: str) -> dict[str, Any]:
    """A message's body with everything inside it decoded."""
    payload: dict[str, Any] = json.loads(base64.b64decode(body))
    payload["body"] = json.loads(base64.b64decode(payload["body"]))
    return payload


def test_a_message_equals_the_one_celery_publishes(queues: object, published: None) -> None:
    sent = row(text="Grüße \u0000 ☂")
    note.apply_async(
        kwargs={"text": "Grüße \u0000 ☂"},
        task_id=sent.message_id,
        headers={"key": sent.key},
        ignore_result=True,
    )
    (celerys,) = (opened(message["Body"]) for message in take("alerts"))
    assert CommandSender().send([sent]) == [Result(1, ok=True)]
    (ours,) = (opened(message["Body"]) for message in take("alerts"))
    # Who sent it, a tag drawn for each message, where results would go if there were any, and the sender's time limits:
    # a worker's own apply.
    assert celerys["headers"].pop("origin").startswith("gen") and ours["headers"].pop("origin") == "forkroad-relay"
    assert celerys["properties"].pop("delivery_tag") != ours["properties"].pop("delivery_tag")
    assert celerys["properties"].pop("reply_to") and ours["properties"].pop("reply_to") == ""
    assert celerys["headers"].pop("timelimit") and ours["headers"].pop("timelimit") == [None, None]
    assert ours == celerys


def test_each_row_gets_its_own_answer(queues: object) -> None:
    rows = [row(1, text="a"), row(2, text="x" * MAX_BYTES), row(3, text="b"), row(4, queue="nowhere", text="c")]
    answers = {answer.row_id: answer for answer in CommandSender().send(rows)}
    assert [answers[1], answers[3]] == [Result(1, ok=True), Result(3, ok=True)]
    assert answers[2].permanent and "above SQS's" in answers[2].error
    assert not answers[4].ok and not answers[4].permanent and "manage.py topology" in answers[4].error
    assert depth("alerts") == (2, 0)


def test_a_row_that_is_no_arguments_is_refused_for_good(queues: object) -> None:
    broken = row(1)._replace(payload=b"[1, 2]")
    (answer,) = CommandSender().send([broken])
    assert answer.permanent and "no object" in answer.error
    assert depth("alerts") == (0, 0)


def test_delay_is_sqs_own(queues: object) -> None:
    CommandSender().send([row(1, delay=1, text="later"), row(2, text="now")])
    assert [opened(message["Body"])["body"][1] for message in take("alerts")] == [{"text": "now"}]
    wait_for(lambda: take("alerts"), within=5, what="the delayed command")


def test_rows_travel_in_tens(settings: Any, proxy: FaultProxy) -> None:
    settings.SQS_ENDPOINT_URL = proxy.url
    sender = CommandSender()
    assert all(answer.ok for answer in sender.send([row(number, text="x") for number in range(25)]))
    assert proxy.calls["SendMessageBatch"] == 3
    assert depth("alerts") == (25, 0)


@pytest.mark.parametrize("verdict", [(503, "ServiceUnavailable"), (400, "ThrottlingException"), "reset"])
def test_a_broker_that_fails_is_no_fault_of_the_rows(settings: Any, proxy: FaultProxy, verdict: Any) -> None:
    settings.SQS_ENDPOINT_URL = proxy.url
    sender = CommandSender()
    proxy.fault = lambda operation, _: verdict if operation == "SendMessageBatch" else None
    answers = sender.send([row(1, text="a"), row(2, text="b")])
    assert [(answer.ok, answer.permanent) for answer in answers] == [(False, False), (False, False)]
    proxy.fault = None
    assert all(answer.ok for answer in sender.send([row(1, text="a"), row(2, text="b")]))


def test_one_refused_message_does_not_condemn_its_batch(settings: Any, proxy: FaultProxy) -> None:
    settings.SQS_ENDPOINT_URL = proxy.url

    def refuse(operation: str, request: dict[str, Any]) -> tuple[int, str] | None:
        bad = any(opened(entry["MessageBody"])["body"][1] == {"text": "bad"} for entry in request.get("Entries", []))
        return (400, "InvalidMessageContents") if operation == "SendMessageBatch" and bad else None

    proxy.fault = refuse
    answers = CommandSender().send([row(1, text="good"), row(2, text="bad"), row(3, text="good")])
    assert [(answer.ok, answer.permanent) for answer in answers] == [(True, False), (False, True), (True, False)]


def test_batches_keep_within_both_limits() -> None:
    small = [Prepared(row(n), "x" * 10) for n in range(23)]
    assert [len(batch) for batch in batches(small)] == [10, 10, 3]
    large = [Prepared(row(n), "x" * 400_000) for n in range(5)]
    assert [len(batch) for batch in batches(large)] == [2, 2, 1]
    assert shared_client() is shared_client()
