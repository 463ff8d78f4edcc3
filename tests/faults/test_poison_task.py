"""Row 8, the half of the commands: messages that no worker can handle, among those that it can."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from messaging import topology
from messaging.deadletters import AlreadySettled, drain_dead_letter_queues, redrive
from messaging.models import DeadLetter, Incident, OutboxRow, TaskRun
from messaging.outbox import send
from messaging.relay import repair
from messaging.sqs.send import MAX_BYTES, message_body
from tests import factories
from tests.messaging.sqs.workers import Worker, post, post_raw
from tests.system import running
from tests.waiting import wait_for

from .outcome import await_drained
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

APP = "tests.faults.released"
#: Good commands in each of the two runs that are compared.
GOOD = 500 if FULL else 60
#: Bytes that, wrapped twice in base64, nearly fill a message.
NEARLY = MAX_BYTES * 9 // 16 - 4096
#: Commands of other keys behind one that cannot be sent: some in every lane.
OTHERS = 64
#: Below so many seconds a longer wait counts as the machine's: few commands on a busy machine tell little.
UNNOTICED = 0.1 if FULL else 2.0


def post_good(count: int, *, among: Iterator[None]) -> list[str]:
    """Send good commands of dispatch at an even pace, and one piece of poison behind every tenth; their ids."""
    ids, pace = [], threading.Event()
    for number in range(count):
        ids.append(post("delivery.dispatch_zone", queue="dispatch", task_id=stamped(), zone="centre"))
        if number % 10 == 9:
            next(among, None)
        # The pace of the load: nothing is waited for.
        pace.wait(0.03)
    return ids


def stamped() -> str:
    """A task id that carries the moment it was made at, in its first eight bytes: nanoseconds."""
    return str(uuid.UUID(bytes=time.time_ns().to_bytes(8, "big") + uuid.uuid4().bytes[8:]))


def p99_of(ids: list[str]) -> float:
    """Seconds from send to start that 99 of 100 of these commands stayed below; waits for them all."""
    runs = TaskRun.objects.filter(task_id__in=ids, receive_count=1)
    wait_for(lambda: runs.count() == len(ids), within=60, what=f"{len(ids)} good commands", every=0.1)
    waits = []
    for task_id, started in runs.values_list("task_id", "started_at"):
        sent = datetime.fromtimestamp(int.from_bytes(task_id.bytes[:8], "big") / 1e9, UTC)
        waits.append((started - sent).total_seconds())
    return sorted(waits)[int(len(waits) * 0.99) - 1]


class Poison:
    """One of each kind, posted in turn; `ids` are the messages that must be dead letters in the end, by kind."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.ids: dict[str, str] = {}

    def post_all(self) -> Iterator[None]:
        for name, body in self._bodies().items():
            self.ids[post_raw(body, queue="dispatch")] = name
            yield

    def _bodies(self) -> dict[str, str]:
        def message(task: str, **kwargs: str) -> str:
            return message_body(task=task, task_id=str(uuid.uuid4()), kwargs=kwargs, queue="dispatch")

        cut = json.loads(base64.b64decode(message("delivery.dispatch_zone", zone="centre")))
        cut["body"] = base64.b64encode(b'[[], {"zone": "cen').decode()
        return {
            "no message": "hello {",
            "bad JSON": base64.b64encode(json.dumps(cut).encode()).decode(),
            "unknown task": message("delivery.probe_new", path=self.path),
            "missing argument": message("delivery.probe_note", path=self.path),
            "no such zone": message("delivery.dispatch_zone", zone="nowhere"),
            "nearly a megabyte": message(
                "delivery.probe_new", path=self.path, padding="x" * (MAX_BYTES * 9 // 16 - 4096)
            ),
        }


#: What no release of the code can mend.
HOPELESS = {"no message", "bad JSON"}


def manage_dead_letters(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    try:
        call_command("dead_letters", *words, "--json", stdout=out)
    except SystemExit as ended:
        assert ended.code == 1
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


@pytest.mark.fault(8, "poison commands: no JSON, unknown task, missing argument, a megabyte")
def test_poison_commands_hold_up_nobody_and_are_mended_by_a_release(
    fault: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    # given: three receives, then the dead letters; a worker of before the release, at work
    settings.MAX_RECEIVES = 3
    monkeypatch.setenv("FORKROAD_MAX_RECEIVES", "3")
    topology.apply()
    factories.make_zone()
    path = tmp_path / "effects"
    for _ in fault.run(short=1, full=1):
        poison = Poison(path)
        with running("relay"), Worker(tmp_path, app=APP, queues="dispatch", concurrency=4) as worker:
            p99_of(post_good(10, among=iter(())))
            clean = p99_of(post_good(GOOD, among=iter(())))

            # when
            poisoned = p99_of(post_good(GOOD, among=poison.post_all()))

            # then: the others went on, and the dead letters are exactly the poison
            assert len(poison.ids) == 6

            def drained() -> bool:
                drain_dead_letter_queues(queues=["dispatch"])
                return DeadLetter.objects.count() >= 6

            wait_for(drained, within=60, what="the dead letters", every=0.2)
            await_drained(within=20)
            assert worker.process.poll() is None
            letters = list(DeadLetter.objects.all())
            assert {letter.message_id: poison.ids[letter.message_id] for letter in letters} == poison.ids
            assert {letter.receive_count for letter in letters} == {3}
            assert poisoned <= max(2 * clean, UNNOTICED), f"p99 {clean:.3f} s, with poison {poisoned:.3f} s"
            assert not path.exists()

        # when: the release that mends what can be mended, and all is sent again
        factories.make_zone("nowhere")
        with (
            running("relay"),
            Worker(tmp_path, app=APP, queues="dispatch", FORKROAD_RELEASE="after"),
        ):
            results = manage_dead_letters("redrive", "--all", "--road", "sqs")
            names = {letter.pk: poison.ids[letter.message_id] for letter in letters}
            assert {names[result["id"]] for result in results if not result["ok"]} == HOPELESS
            wait_for(lambda: path.exists() and len(path.read_text().splitlines()) >= 3, within=20, what="the effects")
            await_drained(within=20)

        # then: each once, whoever presses again; what is hopeless is set aside by a person
        assert sorted(path.read_text().splitlines()) == ["new", "new", "note by nobody"]
        for letter in letters:
            letter.refresh_from_db()
            if poison.ids[letter.message_id] not in HOPELESS:
                with pytest.raises(AlreadySettled):
                    redrive(letter)
        left = [str(letter["id"]) for letter in manage_dead_letters("list")]
        assert len(left) == len(HOPELESS)
        assert all(result["ok"] for result in manage_dead_letters("discard", *left))
        assert not OutboxRow.objects.exists()
    fault.measures["p99 of others"] = f"{clean * 1000:.0f} ms, among poison {poisoned * 1000:.0f} ms"


@pytest.mark.fault(8, "a command of two megabytes in the outbox")
def test_an_oversized_command_waits_for_a_person_and_others_of_its_lane_go_on(fault: Row, tmp_path: Path) -> None:
    factories.make_zone()
    with running("relay"):
        for _ in fault.run(short=1, full=1):
            with transaction.atomic():
                send("delivery.dispatch_zone", key="o1", zone="x" * 2_000_000)
            blocked = OutboxRow.objects.filter(type="delivery.dispatch_zone", key="o1", blocked=True)
            wait_for(blocked.exists, within=20, what="the row to be refused")
            with transaction.atomic():
                for number in range(OTHERS):
                    send("delivery.dispatch_zone", key=f"k{number}", zone="centre")
            wait_for(lambda: OutboxRow.objects.count() == 1, within=20, what="the rows of all lanes to go out")
            (row,) = blocked
            assert "above SQS's" in row.last_error
            assert Incident.objects.filter(kind="outbox_blocked", resolved_at=None).count() == 1

            # Mended by hand, it goes out once; the incident is over.
            row.payload = b'{"zone": "centre"}'
            row.save(update_fields=["payload"])
            assert repair.retry(row)
            wait_for(lambda: not OutboxRow.objects.exists(), within=20, what="the mended row to go out")
            assert not Incident.objects.filter(kind="outbox_blocked", resolved_at=None).exists()
    with Worker(tmp_path, queues="dispatch"):
        await_drained(within=20)
    assert TaskRun.objects.filter(key="o1", outcome=TaskRun.Outcome.SUCCEEDED).count() == 1
    assert TaskRun.objects.count() == OTHERS + 1
    assert not DeadLetter.objects.exists()
