"""An orderly stop takes no message along. With stock kombu 5.7.0 what was prefetched stays hidden until the last
command has ended.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from messaging import topology
from messaging.models import TaskRun
from messaging.sqs.queues import align_queues
from tests.waiting import wait_for

from .workers import Worker, depth, post, take

pytestmark = pytest.mark.django_db(transaction=True)


def runs(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_prefetched_messages_are_given_back_at_once_while_running_ones_end(
    queues: object, tmp_path: Path, pool: str
) -> None:
    path = tmp_path / "runs"
    limits = {"FORKROAD_VISIBILITY_SECONDS": "600", "FORKROAD_TASK_LIMIT_SECONDS": "60"}
    with Worker(tmp_path, pool=pool, concurrency=1, **limits) as worker:
        first = post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path), within=10, what="the first command to run")
        second = post("alerts.hold", path=str(path))
        wait_for(lambda: depth("alerts") == (0, 2), within=5, what="the second command to be prefetched")
        worker.signal(signal.SIGTERM)
        # Hidden for ten minutes as far as SQS was told: only the worker can have given it back.
        taken = wait_for(lambda: take("alerts"), within=5, what="the prefetched command to be visible")
        assert [message["Attributes"]["ApproximateReceiveCount"] for message in taken] == ["2"]
        assert worker.process.poll() is None
        Path(f"{path}.go").touch()
        assert worker.process.wait(10) == 0
    assert len(runs(path)) == 1
    assert TaskRun.objects.get(task_id=first).outcome == TaskRun.Outcome.SUCCEEDED
    assert not TaskRun.objects.filter(task_id=second).exists()
    # The one that ended was acknowledged on the way out; the other is ours now.
    wait_for(lambda: depth("alerts") == (0, 1), within=5, what="the acknowledgement of the first command")


def test_with_stock_kombu_prefetched_messages_stay_hidden_while_running_ones_end(
    queues: object, settings: Any, tmp_path: Path
) -> None:
    """The fault is real: without the corrections nobody else can do what this worker will not."""
    settings.VISIBILITY_SECONDS = 600
    list(align_queues(topology.queues(), change=True))
    path = tmp_path / "runs"
    with Worker(tmp_path, app="tests.messaging.sqs.stock", concurrency=1) as worker:
        post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path), within=10, what="the first command to run")
        post("alerts.hold", path=str(path))
        wait_for(lambda: depth("alerts") == (0, 2), within=5, what="the second command to be prefetched")
        worker.signal(signal.SIGTERM)
        with pytest.raises(AssertionError, match="in vain"):
            wait_for(lambda: take("alerts"), within=5, what="the prefetched command to be visible")
        assert worker.process.poll() is None


def test_an_idle_worker_leaves_no_open_poll_behind(queues: object, tmp_path: Path) -> None:
    with Worker(tmp_path, FORKROAD_SQS_WAIT_SECONDS="6") as worker:
        first = post("alerts.note", text="a new poll of 6 s begins after this one")
        wait_for(lambda: TaskRun.objects.filter(task_id=first, outcome="succeeded").exists(), within=8, what="it")
        assert worker.stop(within=15) == 0
    post("alerts.note", text="after the stop")
    taken = take("alerts")
    assert len(taken) == 1, "an abandoned long poll received the message in the worker's place"


def test_what_has_just_ended_is_not_given_back(queues: object, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with Worker(tmp_path, app="tests.messaging.sqs.slow_ack", concurrency=1, ACK_WHEN=str(go)) as worker:
        # given: a command that has ended and is not acknowledged yet, and one prefetched behind it
        done = post("alerts.note", text="done")
        wait_for(lambda: TaskRun.objects.filter(task_id=done, outcome="succeeded").exists(), within=10, what="it")
        post("alerts.note", text="waiting")
        wait_for(lambda: depth("alerts") == (0, 2), within=5, what="the second command to be prefetched")
        # when
        worker.signal(signal.SIGTERM)
        taken = wait_for(lambda: take("alerts"), within=5, what="the prefetched command to be visible")
        # then: that one alone came back
        assert (len(taken), depth("alerts")) == (1, (0, 2))
        go.touch()
        assert worker.process.wait(15) == 0
    wait_for(lambda: depth("alerts") == (0, 1), within=5, what="the acknowledgement of the first command")


def test_sigquit_gives_running_commands_back(queues: object, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    with Worker(tmp_path, pool="prefork", concurrency=1, FORKROAD_VISIBILITY_SECONDS="600") as worker:
        post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path), within=10, what="the command to run")
        worker.signal(signal.SIGQUIT)
        worker.process.wait(15)
    wait_for(lambda: len(take("alerts")) == 1, within=5, what="the command to be visible again")


def test_a_pool_child_killed_mid_command_has_its_command_done_again(queues: object, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    limits = {"FORKROAD_VISIBILITY_SECONDS": "600", "FORKROAD_TASK_LIMIT_SECONDS": "60"}
    with Worker(tmp_path, pool="prefork", concurrency=1, **limits):
        task_id = post("alerts.hold", path=str(path))
        child = wait_for(lambda: runs(path), within=10, what="the command to run")[0]
        psutil.Process(child).kill()
        wait_for(lambda: len(runs(path)) == 2, within=10, what="the command to run again")
        assert runs(path)[1] != child
        Path(f"{path}.go").touch()
        wait_for(lambda: depth("alerts") == (0, 0), within=5, what="the acknowledgement")
    assert list(TaskRun.objects.filter(task_id=task_id).order_by("id").values_list("receive_count", "outcome")) == [
        (1, "failed"),
        (2, "succeeded"),
    ]


def test_a_killed_worker_loses_nothing(queues: object, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    with Worker(tmp_path / "a") as first:
        task_id = post("alerts.hold", path=str(path))
        wait_for(lambda: runs(path), within=10, what="the command to run")
        first.kill()
    Path(f"{path}.go").touch()
    with Worker(tmp_path / "b"):
        # The visibility timeout of the testing profile is 6 s.
        wait_for(
            lambda: TaskRun.objects.filter(task_id=task_id, outcome="succeeded").exists(),
            within=12,
            what="the command at another worker",
        )
