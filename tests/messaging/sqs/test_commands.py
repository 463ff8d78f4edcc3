"""What a worker does with each kind of message, and what it writes down."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from messaging.deadletters import drain_dead_letter_queues, redrive
from messaging.envelope import rfc3339
from messaging.models import DeadLetter, Incident, OutboxRow, TaskRun
from messaging.relay.sending import Row
from messaging.sqs.client import queue_url, shared_client
from messaging.sqs.send import CommandSender, message_body
from messaging.tasks import command
from tests.waiting import wait_for

from .workers import Worker, depth, post, post_raw, take

pytestmark = pytest.mark.django_db(transaction=True)


def runs_of(task_id: str) -> list[TaskRun]:
    return list(TaskRun.objects.filter(task_id=task_id).order_by("id"))


def dead_letters(count: int, *, within: float = 20) -> list[DeadLetter]:
    def drained() -> bool:
        drain_dead_letter_queues(queues=["alerts"])
        return DeadLetter.objects.count() == count

    wait_for(drained, within=within, what=f"{count} dead letters")
    return list(DeadLetter.objects.order_by("id"))


def deliver(row: OutboxRow) -> None:
    """What the relay does with a row."""
    fields = {name: getattr(row, name) for name in Row._fields}
    as_text = {
        "message_id": str(row.message_id),
        "time": rfc3339(row.time),
        "recorded_at": rfc3339(row.recorded_at),
    }
    (answer,) = CommandSender().send([Row(**(fields | as_text))])
    assert answer.ok, answer.error
    row.delete()


def test_a_command_that_raises_comes_back_later_each_time_and_in_the_end_is_a_dead_letter_to_be_redriven_once(
    queues: object, tmp_path: Path
) -> None:
    until = tmp_path / "mended"
    with Worker(tmp_path):
        task_id = post("alerts.fail", until=str(until))
        others = [post("alerts.note", text=str(number)) for number in range(20)]
        (letter,) = dead_letters(1)
        runs = runs_of(task_id)
        assert [(run.receive_count, run.outcome) for run in runs] == [(1, "failed"), (2, "failed"), (3, "failed")]
        assert {run.error.rpartition(".")[2] for run in runs} == {"NotYet: the file is not there"}
        assert {(run.task, run.queue, run.key) for run in runs} == {("alerts.fail", "alerts", "k1")}
        waits = [later.started_at - earlier.started_at for earlier, later in pairwise(runs)]
        assert waits[0] >= timedelta(seconds=0.9) and waits[1] >= timedelta(seconds=1.9)
        assert Incident.objects.count() == 0, "what a failed run wrote must be rolled back"
        assert all(runs_of(other)[-1].outcome == TaskRun.Outcome.SUCCEEDED for other in others)
        assert (letter.road, letter.source, letter.type, letter.key) == ("sqs", "alerts", "alerts.fail", "k1")
        assert letter.error == runs[-1].error
        assert letter.receive_count == 3

        until.touch()
        redrive(letter)
        row = OutboxRow.objects.get()
        assert (row.road, row.destination, row.type, row.key) == ("sqs", "alerts", "alerts.fail", "k1")
        deliver(row)
        wait_for(lambda: Incident.objects.count() == 1, within=8, what="the redriven command's effect")
        (run,) = wait_for(
            lambda: TaskRun.objects.filter(task_id=row.message_id, outcome="succeeded"), within=5, what="it"
        )
        assert run.receive_count == 1
        wait_for(lambda: depth("alerts") == (0, 0) == depth("alerts-dead"), within=5, what="empty queues")


def wrapped(**changes: Any) -> str:
    """A good message with parts replaced."""
    payload = json.loads(base64.b64decode(message_body(task="alerts.note", task_id="x", kwargs={}, queue="alerts")))
    return base64.b64encode(json.dumps(payload | changes).encode()).decode()


def test_malformed_messages_end_as_dead_letters_and_hold_up_nobody(queues: object, tmp_path: Path) -> None:
    bodies = {
        "not JSON at all": "hello {",
        "JSON, but no message": '{"order": 7}',
        "a list": "[1, 2]",
        "base64 of bytes that are no text": base64.b64encode(b"\xff\xfe\x00").decode(),
        "no task": wrapped(headers={"id": "1"}),
        "headers that are no object": wrapped(headers=[1]),
        "a body cut off": wrapped(body=base64.b64encode(b'[[], {"tex').decode()),
        "pickle": wrapped(**{"content-type": "application/x-python-serialize"}),
        "an unknown task": message_body(task="alerts.unheard_of", task_id="1", kwargs={}, queue="alerts"),
        "unknown arguments": message_body(
            task="alerts.note", task_id="5b0c0d3e-9a7a-4f5c-8f55-0e6d4b8a1b11", kwargs={"who": "me"}, queue="alerts"
        ),
        "an id that is none": message_body(task="alerts.note", task_id="7", kwargs={"text": ""}, queue="alerts"),
        "an unreadable eta": wrapped(headers={"task": "alerts.note", "id": "1", "eta": "soon"}),
    }
    with Worker(tmp_path) as worker:
        ids = {post_raw(body): name for name, body in bodies.items()}
        good = post("alerts.note", text="good")
        wait_for(lambda: runs_of(good), within=20, what="the good command among them")
        letters = dead_letters(len(bodies), within=30)
        assert {ids[letter.message_id] for letter in letters} == set(bodies)
        assert {bytes(letter.body or b"").decode() for letter in letters} == set(bodies.values())
        assert all(letter.error for letter in letters)
        assert "no command" in worker.logged()
        assert worker.process.poll() is None
        again = post("alerts.note", text="again")
        wait_for(lambda: runs_of(again), within=20, what="a command after them")
        # Received three times each, with waits between: no message spins.
        wait_for(lambda: depth("alerts") == (0, 0), within=10, what="the last acknowledgement")


@pytest.mark.parametrize(("app", "told"), [("config", 2), ("tests.messaging.sqs.stock", 1)], ids=["ours", "stock"])
def test_a_command_knows_how_often_it_was_handed_out_and_with_stock_kombu_does_not(
    queues: object, tmp_path: Path, app: str, told: int
) -> None:
    task_id = post("alerts.note", text="handed out for the second time")
    (message,) = wait_for(lambda: take("alerts"), within=5, what="the message")
    shared_client().change_message_visibility(
        QueueUrl=queue_url("alerts"), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    with Worker(tmp_path, app=app):
        wait_for(lambda: [run.outcome for run in runs_of(task_id)] == ["succeeded"], within=15, what="its run")
    assert [run.receive_count for run in runs_of(task_id)] == [told]


def test_threads_keep_one_database_connection_each(queues: object, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    with Worker(tmp_path, concurrency=2):
        for _ in range(30):
            post("alerts.backend", path=str(path))
        wait_for(lambda: path.exists() and len(path.read_text().split()) == 30, within=15, what="30 commands")
        assert len(set(path.read_text().split())) <= 2


def test_a_command_for_no_queue_cannot_be_declared() -> None:
    with pytest.raises(LookupError, match="no queue carries"):
        command("kitchen.cook")


def test_a_command_called_directly_is_a_plain_function() -> None:
    from .probes import note

    note(text="direct")
    assert TaskRun.objects.count() == 0
