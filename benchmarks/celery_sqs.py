"""Celery on SQS: this project's worker beside stock Celery and beside boto3 alone, on the same server in one run.

    python -m benchmarks.celery_sqs [--json] [--messages N] [--only NAME ...] [--memory]

Each candidate is one worker process (stock prefork has two children). It is started idle; its processor time at
rest is taken, then the time from publishing to the start of single messages, then it is stopped (SIGSTOP) while its
queue is filled, and goes on: three rounds of that. A rate counts from the first start until the server reports the
queue empty, deletes included. Without FORKROAD_TEST_STACK or SQS_ENDPOINT_URL set, servers are started for the run
and removed after it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from django.conf import settings

from benchmarks.celery_rival.work import read_notes
from benchmarks.report import Measure, emit
from config.embedded.process import Child
from config.embedded.sqs import Sqs

ROOT = Path(__file__).resolve().parents[1]
#: Seconds over which a worker at rest is watched, and how many single messages it is sent.
REST, SINGLES = 4.0, 40


@dataclass(frozen=True)
class Candidate:
    """A worker to measure: its command line and what it needs in its environment beside the addresses."""

    name: str
    command: tuple[str, ...]
    task: str
    env: dict[str, str]


@dataclass(frozen=True)
class Drain:
    """One backlog: tasks a second, and milliseconds of processor a task, of the main process and of all."""

    rate: float
    cpu_main: float
    cpu_all: float


@dataclass(frozen=True)
class Figures:
    """What one candidate did: medians of its rounds. Rates a second, times in milliseconds."""

    name: str
    rate: float
    rates: list[int]
    cpu_main_per_task: float
    cpu_per_task: float
    start_median: float
    start_p90: float
    idle_cpu_percent: float
    memory_mb: float
    load: float


def celery(app: str, pool: str, concurrency: int, *rest: str) -> tuple[str, ...]:
    options = ("-Q", "alerts", "-P", pool, "-c", str(concurrency), "-l", "WARNING")
    return ("-m", "celery", "-A", app, "worker", *options, "--without-mingle", "--without-gossip", *rest)


def stock(name: str, pool: str, concurrency: int, *, interval: str, multiplier: int) -> Candidate:
    command = celery("benchmarks.celery_rival.stock", pool, concurrency)
    env = {"BENCH_POLLING_INTERVAL": interval, "BENCH_PREFETCH_MULTIPLIER": str(multiplier)}
    return Candidate(name, command, "alerts.bench_bare", env)


def candidates(threads: int) -> list[Candidate]:
    ours = celery("config", "threads", threads, "--include", "benchmarks.celery_rival.ours")
    return [
        stock("stock prefork 2", "prefork", 2, interval="0", multiplier=2),
        stock("stock threads", "threads", threads, interval="0.02", multiplier=4),
        stock("stock threads 16", "threads", 16, interval="0", multiplier=4),
        Candidate("boto3 loop", ("-m", "benchmarks.celery_rival.loop", str(threads)), "alerts.bench_bare", {}),
        Candidate("ours", ours, "alerts.bench_bare", {"LOG_LEVEL": "WARNING"}),
        Candidate("ours recorded", ours, "alerts.bench_recorded", {"LOG_LEVEL": "WARNING"}),
    ]


class Bench:
    """A namespace's `alerts` queue, filled and watched.

    One namespace a candidate: the open long poll of a worker that was killed takes messages along (ElasticMQ).
    """

    def __init__(self, home: Path) -> None:
        from messaging import topology
        from messaging.sqs.client import new_client, queue_url
        from messaging.sqs.queues import align_queues
        from messaging.sqs.send import message_body

        os.environ["FORKROAD_NAMESPACE"] = settings.FORKROAD_NAMESPACE = f"bench{uuid.uuid4().hex[:6]}"
        list(align_queues(topology.queues(), change=True))

        self._home = home
        self._body = message_body
        self._client = new_client()
        self.url = queue_url("alerts")

    def send(self, task: str, count: int) -> None:
        def batch(size: int) -> None:
            now = time.time()
            entries: list[Any] = [{"Id": str(i), "MessageBody": self._message(task, now)} for i in range(size)]
            self._client.send_message_batch(QueueUrl=self.url, Entries=entries)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(batch, [min(10, count - i) for i in range(0, count, 10)]))

    def _message(self, task: str, sent: float) -> str:
        return self._body(
            task=task, task_id=str(uuid.uuid4()), kwargs={"sent": sent}, queue="alerts", headers={"key": "bench"}
        )

    def empty(self) -> bool:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return all(counts[name] == "0" for name in names)

    def measure(self, candidate: Candidate, *, messages: int, rounds: int) -> Figures:
        notes = self._home / f"notes-{uuid.uuid4().hex[:6]}"
        with self._running(candidate, notes) as worker:
            processes = [worker, *worker.children(recursive=True)]
            self.send(candidate.task, 50)
            wait(lambda: len(read_notes(notes)) >= 50, 30, "the first messages")
            wait(self.empty, 10, "their end")
            time.sleep(0.5)
            before = cpu(processes)
            time.sleep(REST)
            idle = 100 * (sum(cpu(processes)) - sum(before)) / REST
            for number in range(SINGLES):
                self.send(candidate.task, 1)
                wait(lambda at=number: len(read_notes(notes)) >= 51 + at, 10, "a single message")
                time.sleep(0.03)
            waits = sorted(1000 * (begun - sent) for begun, sent in read_notes(notes)[50:])
            wait(self.empty, 10, "the single messages' end")
            drains = [self._drain(candidate, worker, processes, notes, messages) for _ in range(rounds)]
            return Figures(
                candidate.name,
                rate=statistics.median(drain.rate for drain in drains),
                rates=[round(drain.rate) for drain in drains],
                cpu_main_per_task=statistics.median(drain.cpu_main for drain in drains),
                cpu_per_task=statistics.median(drain.cpu_all for drain in drains),
                start_median=statistics.median(waits),
                start_p90=waits[int(len(waits) * 0.9)],
                idle_cpu_percent=idle,
                memory_mb=sum(process.memory_info().rss for process in processes) / 2**20,
                load=os.getloadavg()[0],
            )

    def _drain(
        self,
        candidate: Candidate,
        worker: psutil.Process,
        processes: list[psutil.Process],
        notes: Path,
        messages: int,
    ) -> Drain:
        """Fill the queue while the worker is stopped, and let it go on until all is done and deleted."""
        done = len(read_notes(notes))
        worker.suspend()
        try:
            self.send(candidate.task, messages)
            before = cpu(processes)
        finally:
            worker.resume()
        wait(lambda: notes.read_bytes().count(b"\n") >= done + messages, 120, "the backlog")
        wait(self.empty, 20, "the backlog's deletes")
        ended = time.time()
        used = [1000 * (after - earlier) / messages for after, earlier in zip(cpu(processes), before, strict=True)]
        return Drain(messages / (ended - read_notes(notes)[done][0]), used[0], sum(used))

    @contextlib.contextmanager
    def _running(self, candidate: Candidate, notes: Path) -> Iterator[psutil.Process]:
        ready = notes.with_suffix(".ready")
        env = {"BENCH_NOTES": str(notes), "BENCH_QUEUE_URL": self.url, "FORKROAD_READY_FILE": str(ready)}
        env |= {"AWS_DEFAULT_REGION": os.environ["AWS_REGION"], "FORKROAD_SQS_WAIT_SECONDS": "20"}
        with notes.with_suffix(".log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *candidate.command],
                cwd=ROOT,
                env=os.environ | env | candidate.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait(lambda: ready.exists() or process.poll() is not None, 60, f"{candidate.name} to start")
            if process.poll() is not None:
                raise SystemExit(f"{candidate.name} ended at once")
            yield psutil.Process(process.pid)
        except SystemExit as error:
            raise SystemExit(f"{error}\n{notes.with_suffix('.log').read_text()[-3000:]}") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait(condition: Any, within: float, what: str) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {within:g} s in vain for {what}")
        time.sleep(0.01)


def cpu(processes: Sequence[psutil.Process]) -> list[float]:
    """Processor seconds of each."""
    return [sum(process.cpu_times()[:2]) for process in processes]


class InMemory(Sqs):
    """Messages are gone with the server, and the disk is no part of what is measured."""

    def prepare(self) -> Child:
        child = super().prepare()
        configuration = self.data / "elasticmq.conf"
        text = configuration.read_text()
        configuration.write_text(text.replace("enabled = true, driver-class", "enabled = false, driver-class"))
        return child


@contextlib.contextmanager
def servers(home: Path, *, memory: bool) -> Iterator[dict[str, str]]:
    """Addresses of PostgreSQL and SQS: those of the environment, or servers for this run alone."""
    from config.embedded import paths
    from config.embedded.stack import Stack, read_env

    if running := os.environ.get("FORKROAD_TEST_STACK"):
        yield read_env(Path(running))
        return
    if os.environ.get("SQS_ENDPOINT_URL"):
        yield {}
        return
    stack = Stack(home)
    if memory:
        stack.sqs = InMemory(home, port=stack.ports["sqs"])
    stack.claim()
    try:
        stack.postgres.start()
        stack.sqs.start()
        yield stack.env()
    finally:
        stack.stop()
        paths.remove_data(home)


@contextlib.contextmanager
def database(address: str) -> Iterator[str]:
    """An address with a fresh, migrated database, dropped at the end."""
    import psycopg

    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    made = urlsplit(address)._replace(path=f"/{name}").geturl()
    try:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": made},
            check=True,
        )
        yield made
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def judge(figures: list[Figures]) -> Iterator[Measure]:
    by = {one.name: one for one in figures}
    rivals = {name: one for name, one in by.items() if not name.startswith("ours")}
    for name in ("ours", "ours recorded"):
        if name not in by:
            continue
        ours = by[name]
        label = "" if name == "ours" else ", recorded"
        stocks = [one.rate for rival, one in rivals.items() if rival.startswith("stock")]
        ratios = {"best stock": ours.rate / max(stocks)} if stocks else {}
        if "boto3 loop" in rivals:
            ratios["boto3 loop"] = ours.rate / rivals["boto3 loop"].rate
        yield Measure(
            "celery_sqs",
            f"throughput{label}",
            "tasks/s",
            ours.rate,
            {rival: one.rate for rival, one in rivals.items()},
            ratios,
            ">= 3.5 x best stock and >= 0.7 x boto3 loop",
            ratios.get("best stock", 0) >= 3.5 and ratios.get("boto3 loop", 0) >= 0.7,
        )
        yield Measure(
            "celery_sqs",
            f"main process per task{label}",
            "ms CPU",
            ours.cpu_main_per_task,
            {rival: one.cpu_main_per_task for rival, one in rivals.items()},
            {},
            "",
            None,
        )
        yield Measure(
            "celery_sqs",
            f"idle queue to start, median{label}",
            "ms",
            ours.start_median,
            {rival: one.start_median for rival, one in rivals.items()},
            {},
            "<= 15",
            ours.start_median <= 15,
        )
        yield Measure(
            "celery_sqs",
            f"idle worker{label}",
            "% of a core",
            ours.idle_cpu_percent,
            {rival: one.idle_cpu_percent for rival, one in rivals.items()},
            {},
            "<= 2",
            ours.idle_cpu_percent <= 2,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--messages", type=int, default=1500, help="a backlog's size (default 1500)")
    parser.add_argument("--rounds", type=int, default=3, help="backlogs of each worker; the median counts (default 3)")
    parser.add_argument("--threads", type=int, default=4, help="threads of each worker (default 4)")
    parser.add_argument("--only", nargs="+", default=[], help="names of candidates to measure")
    parser.add_argument(
        "--memory", action="store_true", help="an SQS server of this run's own that keeps messages in memory"
    )
    parser.add_argument("--raw", action="store_true", help="also print all figures of each candidate")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="forkroad-bench-"))
    try:
        with servers(home, memory=options.memory) as addresses:
            os.environ.update(addresses)
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
            with database(os.environ["DATABASE_URL"]) as address:
                os.environ["DATABASE_URL"] = address
                figures = run(home, options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if options.raw:
        for one in figures:
            print(
                json.dumps(
                    {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(one).items()}
                )
            )
    emit(list(judge(figures)), as_json=options.json)
    return 0


def run(home: Path, options: argparse.Namespace) -> list[Figures]:
    import django

    django.setup()
    figures = []
    for candidate in candidates(options.threads):
        if not options.only or candidate.name in options.only:
            print(f"measuring {candidate.name}", file=sys.stderr)
            figures.append(Bench(home).measure(candidate, messages=options.messages, rounds=options.rounds))
    return figures


if __name__ == "__main__":
    sys.exit(main())
