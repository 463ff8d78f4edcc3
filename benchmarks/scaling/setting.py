"""Servers, names and processes of one measurement."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.outbox import ROOT

#: Partitions of every topic here: as many readers of a group can share it.
PARTITIONS = 4


@dataclass
class Found:
    """What one measurement found: a rate (a second), the processes' memory in MiB, where it was taken."""

    rate: float
    memory: list[float] = field(default_factory=list)


def fresh_names(topics: Sequence[str] = ()) -> None:
    """A namespace of its own, for this process and those it starts, with these topics in it."""
    from django.conf import settings

    from messaging import kafka
    from messaging.names import full_topic

    os.environ["FORKROAD_NAMESPACE"] = settings.FORKROAD_NAMESPACE = f"s{uuid.uuid4().hex[:8]}"
    if topics:
        plan = {"num_partitions": PARTITIONS, "replication_factor": settings.KAFKA_REPLICATION_FACTOR}
        with contextlib.closing(kafka.admin()) as admin:
            admin.create_topics({full_topic(topic): dict(plan) for topic in topics}, wait_for_metadata=True)


@contextlib.contextmanager
def brokers(count: int, home: Path) -> Iterator[None]:
    """Clients of this process and its children meet so many Kafka brokers; one is what runs already."""
    from django.conf import settings

    if count == 1:
        yield
        return
    from config.embedded.cluster import throwaway_cluster

    before = settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR, dict(os.environ)
    with throwaway_cluster(home / "cluster", size=count) as cluster:
        os.environ.update(cluster.env())
        settings.KAFKA_BOOTSTRAP_SERVERS = cluster.bootstrap_servers().split(",")
        settings.KAFKA_REPLICATION_FACTOR = count
        try:
            yield
        finally:
            settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_REPLICATION_FACTOR = before[:2]
            os.environ.clear()
            os.environ.update(before[2])


@contextlib.contextmanager
def processes(count: int, command: Sequence[str], **env: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many of a command, each ready (it touched its file) when the block begins; ended in order after it."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(number) for number in range(count)]
        log = Path(folder) / "log"
        started = []
        with log.open("wb") as output:
            for file in files:
                values = os.environ | {"FORKROAD_READY_FILE": str(file), "LOG_LEVEL": "WARNING"} | env
                started.append(
                    subprocess.Popen([sys.executable, *command], cwd=ROOT, env=values, stdout=output, stderr=output)
                )
        try:
            wait(
                lambda: all(file.exists() for file in files) or any(one.poll() is not None for one in started),
                within=90,
                what=f"{command} to be ready",
            )
            if any(one.poll() is not None for one in started):
                raise SystemExit(f"{command} ended at once:\n{log.read_text(errors='replace')[-2000:]}")
            yield started
        finally:
            for one in started:
                one.send_signal(signal.SIGCONT)
                one.terminate()
            for one in started:
                try:
                    one.wait(20)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.wait()


@contextlib.contextmanager
def stopped(running: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """They do nothing within the block, so that what piles up meanwhile is there at once when they go on."""
    for one in running:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in running:
            one.send_signal(signal.SIGCONT)


def memory(running: Sequence[subprocess.Popen[bytes]]) -> list[float]:
    """Resident memory of each, in MiB."""
    return [psutil.Process(one.pid).memory_info().rss / 2**20 for one in running]


def wait(condition: Callable[[], bool], *, within: float, what: str, every: float = 0.01) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {within:g} s in vain for {what}")
        time.sleep(every)
