from __future__ import annotations

import io
import json
from collections import Counter
from types import NoneType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from messaging.deadletters import AlreadySettled, CannotRedrive, discard, drain_dead_letter_queues, redrive
from messaging.deadletters import drain as draining
from messaging.models import DeadLetter, OutboxRow
from messaging.sqs.client import queue_url, shared_client
from messaging.sqs.queues import align_queues
from messaging.sqs.send import message_body
from messaging.topology import queues
from tests.racing import at_once


@pytest.fixture
def dead_queue(namespace: str) -> str:
    list(align_queues(queues(), change=True))
    return queue_url("alerts-dead")


def put(url: str, body: str) -> str:
    return shared_client().send_message(QueueUrl=url, MessageBody=body)["MessageId"]


def a_command() -> str:
    return message_body(
        task="alerts.note",
        task_id="t",
        kwargs={"text": "a"},
        queue="alerts",
        headers={"key": "o1", "traceparent": "00-1"},
    )


def letter(**changes: Any) -> DeadLetter:
    values = {"road": "sqs", "source": "alerts", "message_id": "m", "type": "alerts.note", "body": a_command().encode()}
    return DeadLetter.objects.create(**(values | changes))


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("dead_letters", *arguments, stdout=out)
    return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_draining_copies_everything_and_empties_the_queue(dead_queue: str) -> None:
    sent = {put(dead_queue, body) for body in (a_command(), "hello", "\ufffd☂", *(f"n{n}" for n in range(20)))}
    assert drain_dead_letter_queues() == 23
    assert set(DeadLetter.objects.values_list("message_id", flat=True)) == sent
    assert drain_dead_letter_queues() == 0
    known = DeadLetter.objects.get(type="alerts.note")
    assert (known.key, known.headers["task"], known.state) == ("o1", "alerts.note", "open")


@pytest.mark.django_db(transaction=True)
def test_a_drainer_killed_before_its_delete_copies_nothing_twice(
    dead_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dead_queue, a_command())

    class Killed(BaseException):
        pass

    class Client:
        """The real client, whose process is killed at its delete."""

        def __getattr__(self, name: str) -> Any:
            return getattr(shared_client(), name)

        def delete_message_batch(self, *, QueueUrl: str, Entries: Any) -> None:
            # As if its half minute had passed: another drainer meets the message again.
            for entry in Entries:
                shared_client().change_message_visibility(
                    QueueUrl=QueueUrl, ReceiptHandle=entry["ReceiptHandle"], VisibilityTimeout=0
                )
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(draining, "shared_client", Client)
        with pytest.raises(Killed):
            drain_dead_letter_queues()
    assert DeadLetter.objects.count() == 1
    assert drain_dead_letter_queues() == 0
    assert DeadLetter.objects.count() == 1
    assert not shared_client().receive_message(QueueUrl=dead_queue).get("Messages")


@pytest.mark.django_db(transaction=True)
def test_draining_inside_a_transaction_is_refused(dead_queue: str) -> None:
    put(dead_queue, a_command())
    with pytest.raises(RuntimeError), transaction.atomic():
        drain_dead_letter_queues()
    assert DeadLetter.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_eight_redrives_at_once_send_it_once() -> None:
    dead = letter()

    def attempt() -> None:
        redrive(DeadLetter.objects.get(pk=dead.pk))

    assert Counter(map(type, at_once(*[attempt] * 8))) == {AlreadySettled: 7, NoneType: 1}
    row = OutboxRow.objects.get()
    assert (row.road, row.destination, row.type, row.key) == ("sqs", "alerts", "alerts.note", "o1")
    assert json.loads(bytes(row.payload)) == {"text": "a"}
    assert row.traceparent == "00-1"
    assert DeadLetter.objects.get().state == DeadLetter.State.REDRIVEN


@pytest.mark.django_db
def test_what_is_no_command_stays_open_and_can_only_be_discarded() -> None:
    dead = letter(body=b"hello", type="")
    with pytest.raises(CannotRedrive, match="discard it"):
        redrive(dead)
    assert DeadLetter.objects.get().state == DeadLetter.State.OPEN
    assert not OutboxRow.objects.exists()
    discard(dead)
    after = DeadLetter.objects.get()
    assert after.state == DeadLetter.State.DISCARDED and after.settled_at is not None
    with pytest.raises(AlreadySettled):
        redrive(dead)


@pytest.mark.django_db
def test_a_record_of_a_group_that_is_gone_stays_open() -> None:
    dead = letter(road="kafka", source="orders.events", group="nobody", partition=0, offset=7, message_id="")
    with pytest.raises(CannotRedrive, match="nobody"):
        redrive(dead)
    assert DeadLetter.objects.get().state == DeadLetter.State.OPEN


@pytest.mark.django_db
def test_command_lists_shows_and_settles() -> None:
    first, second = letter(message_id="a", key="o1", error="boom"), letter(message_id="b", body=b"hello", type="")
    assert [entry["id"] for entry in run("list", "--json")] == [second.pk, first.pk]
    assert "boom" in run("list")
    assert run("show", str(first.pk), "--json")["body"] == a_body(first)
    with pytest.raises(SystemExit) as failed:
        run("redrive", "--all", "--road", "sqs", "--json")
    assert failed.value.code == 1
    assert OutboxRow.objects.count() == 1
    assert [entry["id"] for entry in run("list", "--json")] == [second.pk]
    assert run("discard", str(second.pk), "--json") == [{"id": second.pk, "ok": True, "error": ""}]
    assert run("--json", "list") == []
    assert len(run("list", "--state", "all", "--json")) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [("show", "7"), ("redrive", "7"), ("discard",)])
def test_command_says_what_is_wrong(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="dead_letters list"):
        run(*arguments)


def a_body(dead: DeadLetter) -> str:
    return bytes(DeadLetter.objects.get(pk=dead.pk).body or b"").decode()
