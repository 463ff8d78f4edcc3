"""Workers: more of them, and more in their queue. A command writes one line and is not recorded."""

from __future__ import annotations

import contextlib
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.processes import Process, memory, running, stopped, wait

from .setting import Found, fresh_names

TASK = "alerts.bench_bare"
COMMAND = (
    *("-m", "celery", "-A", "config", "worker", "-Q", "alerts", "-P", "threads", "-c", "4", "-l", "WARNING"),
    *("--include", "benchmarks.celery_rival.ours", "--without-mingle", "--without-gossip"),
)


def work(count: int, messages: int, *, ahead: int = 0) -> Found:
    """Tasks a second over `messages` of a queue that holds `ahead` more than these, by so many workers."""
    fresh_queues()
    with (
        notes() as file,
        running(*[COMMAND] * count, env={"BENCH_NOTES": str(file), "FORKROAD_SQS_WAIT_SECONDS": "2"}) as workers,
    ):
        send(20 * count)
        wait(lambda: lines(file) >= 20 * count, within=60, what="the first messages")
        time.sleep(0.5)
        before = lines(file)
        with stopped(workers):
            send(messages + ahead)
        began = time.perf_counter()
        wait(lambda: lines(file) >= before + messages, within=300, what=f"{messages} tasks of {count} workers")
        found = Found(messages / (time.perf_counter() - began), memory(workers))
        if ahead:
            kill(workers)
        return found


def kill(workers: list[Process]) -> None:
    """An orderly stop would first give back what is held; the queue is thrown away with all that is in it."""
    for one in workers:
        one.kill()
    for one in workers:
        one.wait()


def fresh_queues() -> None:
    from messaging import topology
    from messaging.sqs.queues import align_queues

    fresh_names()
    list(align_queues(topology.queues(), change=True))


def send(count: int, *, task: str = TASK, **kwargs: Any) -> None:
    """Put so many messages on the queue, ten a call, eight calls at a time."""
    from messaging.sqs.client import queue_url, shared_client
    from messaging.sqs.send import message_body

    url = queue_url("alerts")

    def batch(size: int) -> None:
        entries: list[Any] = [
            {
                "Id": str(place),
                "MessageBody": message_body(
                    task=task,
                    task_id=str(uuid.uuid4()),
                    kwargs=kwargs or {"sent": time.time()},
                    queue="alerts",
                    headers={"key": "bench"},
                ),
            }
            for place in range(size)
        ]
        if shared_client().send_message_batch(QueueUrl=url, Entries=entries).get("Failed"):
            raise SystemExit("the SQS server refused messages")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(batch, [min(10, count - first) for first in range(0, count, 10)]))


@contextlib.contextmanager
def notes() -> Iterator[Path]:
    """A file in which every run leaves a line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "notes"
        file.touch()
        yield file


def lines(file: Path) -> int:
    # A line has a fixed length here: two times of 17 characters, a space and the line's end.
    return file.stat().st_size // 36
