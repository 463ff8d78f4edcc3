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


def call(number: int, zone: str = "centre", *, trace: str = "", delay: int = 0, **more: Any) -> Row:
    """A row that says that a zone has work."""
    made = row(number, task="delivery.dispatch_zone", queue="dispatch", delay=delay, zone=zone, **more)
    return made._replace(key=zone, traceparent=trace)


def test_calls_that_wait_for_one_key_travel_as_one_that_says_what_is_true_of_all(queues: object) -> None:
    rows = [call(1, since="7"), row(2, text="between"), call(3, since="9"), call(4, "harbour", since="9"), call(5)]
    assert CommandSender().send(rows) == [Result(number, ok=True) for number in (1, 3, 5, 4, 2)]
    sent = sorted((opened(message["Body"])["body"][1] for message in take("dispatch")), key=lambda each: each["zone"])
    assert sent == [{"zone": "centre"}, {"zone": "harbour", "since": "9"}]
    assert depth("alerts") == (1, 0)


def test_a_call_for_later_and_other_commands_travel_alone(queues: object) -> None:
    releases = [row(n, task="delivery.release", queue="dispatch", order="o")._replace(key="o") for n in (1, 2)]
    CommandSender().send([call(3, delay=1), call(4), *releases])
    assert len(take("dispatch")) == 3
    wait_for(lambda: take("dispatch"), within=5, what="the call for later")


def test_a_call_that_fails_fails_for_all_its_rows(settings: Any, proxy: FaultProxy) -> None:
    settings.SQS_ENDPOINT_URL = proxy.url
    proxy.fault = lambda operation, _: (503, "ServiceUnavailable") if operation == "SendMessageBatch" else None
    answers = CommandSender().send([call(1, since="7"), call(2, since="8")])
    assert [(answer.row_id, answer.ok, answer.permanent) for answer in answers] == [
        (1, False, False),
        (2, False, False),
    ]


def test_the_traces_of_all_its_rows_go_with_a_call(queues: object) -> None:
    traces = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 30)]
    CommandSender().send([call(number, trace=trace) for number, trace in enumerate([*traces[:2], "", *traces])])
    (message,) = take("dispatch")
    headers = opened(message["Body"])["headers"]
    assert (headers["traceparent"], headers["also"]) == (traces[0], traces[1:20])
