"""Real workers in processes of their own, and the queues of one test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from messaging.sqs.client import queue_url, shared_client
from messaging.sqs.send import message_body
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]


class Worker:
    """A Celery worker; `env` changes what it inherits. Ended with all its children on exit."""

    def __init__(
        self,
        home: Path,
        *,
        queues: str = "alerts",
        pool: str = "threads",
        concurrency: int = 2,
        app: str = "config",
        arguments: Sequence[str] = (),
        **env: str,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.ready_file = home / f"ready-{uuid.uuid4().hex[:6]}"
        self.log = home / "worker.log"
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            app,
            "worker",
            "-Q",
            queues,
            "-P",
            pool,
            "-c",
            str(concurrency),
        ]
        command += ["--include", "tests.messaging.sqs.probes", "--without-mingle", "--without-gossip", *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"FORKROAD_READY_FILE": str(self.ready_file), "FORKROAD_SQS_WAIT_SECONDS": "1"} | env,
            )

    def __enter__(self) -> Worker:
        try:
            wait_for(self._ready, within=60, what=f"the worker ({self.log})")
        except BaseException:
            self.kill()
            raise
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the worker ended before it was ready: {self.logged()[-3000:]}")
        return self.ready_file.exists()

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self, *, within: float) -> int:
        """An orderly stop; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def logged(self) -> str:
        return self.log.read_text()


def post(task: str, *, queue: str = "alerts", task_id: str = "", **kwargs: str) -> str:
    """Put a command on its queue as the relay does; returns the task's id."""
    task_id = task_id or str(uuid.uuid4())
    body = message_body(task=task, task_id=task_id, kwargs=kwargs, queue=queue, headers={"key": "k1"})
    shared_client().send_message(QueueUrl=queue_url(queue), MessageBody=body)
    return task_id


def post_raw(body: str, *, queue: str = "alerts") -> str:
    """Put any text on a queue; returns SQS's message id."""
    return shared_client().send_message(QueueUrl=queue_url(queue), MessageBody=body)["MessageId"]


def depth(queue: str) -> tuple[int, int]:
    """How many messages are visible, and how many are being worked on."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    got = shared_client().get_queue_attributes(QueueUrl=queue_url(queue), AttributeNames=names)["Attributes"]
    return int(got[names[0]]), int(got[names[1]])


def take(queue: str) -> list[Any]:
    """Receive what is visible now, as another worker would."""
    answer = shared_client().receive_message(
        QueueUrl=queue_url(queue), MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageSystemAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))
