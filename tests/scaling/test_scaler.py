"""A burst on a real queue: a second worker comes, helps, and goes; nothing is lost."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from config.scaling.pool import Pool
from config.scaling.rule import Rule
from config.scaling.scaler import Scaler
from messaging.models import ScalingSample, TaskRun
from tests.messaging.sqs.conftest import queues as queues
from tests.messaging.sqs.workers import Worker, depth, post
from tests.system import ROOT
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

RULE = Rule(most=2, waiting=4, age=60, lasting=0.5, settling=1, quiet=2)


@pytest.fixture
def pool(queues: object, tmp_path: Path) -> Pool:
    def command(number: int) -> list[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "alerts", "-P", "threads", "-c", "2"),
            *("--include", "tests.messaging.sqs.probes", "-n", f"alerts-{number}@%h"),
            *("--without-mingle", "--without-gossip"),
        ]

    env = os.environ | {"FORKROAD_SQS_WAIT_SECONDS": "1"}
    return Pool("alerts", queues=["alerts"], command=command, home=tmp_path, env=env, cwd=ROOT)


@pytest.fixture
def scaler(pool: Pool) -> Iterator[Scaler]:
    made = Scaler([pool], {"alerts": RULE})
    stop = threading.Event()

    def run() -> None:
        made.run(stop)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield made
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def workers_of(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()


def test_a_burst_brings_a_second_worker_that_drains_and_goes(pool: Pool, scaler: Scaler, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    with Worker(tmp_path / "first", concurrency=2):
        # when: more than one worker can hold, of commands that all wait for a file
        posted = {post("alerts.hold", path=str(path)) for _ in range(24)}
        wait_for(lambda: len(workers_of(path)) == 2, within=40, what="a second worker to take commands")
        assert pool.workers == 2
        Path(f"{path}.go").touch()
        # then: all is done, by both, and the second leaves by itself
        wait_for(
            lambda: TaskRun.objects.filter(outcome="succeeded").count() == len(posted), within=40, what="all to be done"
        )
        wait_for(lambda: pool.workers == 1 and not pool.leaving, within=40, what="the second worker to drain and end")
        wait_for(lambda: depth("alerts") == (0, 0), within=10, what="the queue to be empty")
    done = TaskRun.objects.filter(outcome="succeeded")
    assert {str(run.task_id) for run in done} == posted
    assert len({run.worker for run in done}) == 2
    # and why is written down
    decisions = ScalingSample.objects.exclude(reason="").order_by("id")
    assert [(one.workers, one.wanted) for one in decisions] == [(1, 2), (2, 1)]
    assert "wait, more than 4 a worker" in decisions[0].reason
    assert decisions[1].reason == "nothing has waited for 2 s"
    log = (tmp_path / "logs" / "worker-alerts-2.log").read_text()
    assert "Warm shutdown" in log


def test_a_worker_that_dies_is_not_counted_on(pool: Pool) -> None:
    pool.start()
    wait_for(lambda: pool.ready() == 1, within=30, what="the worker to receive")
    pool.running[2].signal_group(9)
    told = wait_for(pool.look_after, within=10, what="its end to be noticed")
    assert told == [f"worker-alerts-2 ended with code -9 (log: {pool.home}/logs/worker-alerts-2.log)"]
    assert pool.workers == 1
    pool.close()
