"""Commands of a design that really run, each ready before it is measured."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]

Process = subprocess.Popen[bytes]


@contextlib.contextmanager
def running(*commands: Sequence[str], env: dict[str, str] | None = None, within: float = 90) -> Iterator[list[Process]]:
    """The commands, each ready (it touched its file) when the block begins; ended in order after it.

    Raises:
        SystemExit: one ended at once, or was not ready `within` so many seconds.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as open_files:
        ready = [Path(folder) / str(number) for number in range(len(commands))]
        logs = [Path(folder) / f"{number}.log" for number in range(len(commands))]
        started: list[Process] = []
        for command, file, log in zip(commands, ready, logs, strict=True):
            values = os.environ | {"FORKROAD_READY_FILE": str(file), "LOG_LEVEL": "WARNING"} | (env or {})
            output = open_files.enter_context(log.open("wb"))
            started.append(
                subprocess.Popen([sys.executable, *command], cwd=ROOT, env=values, stdout=output, stderr=output)
            )
        try:
            wait(
                lambda: all(file.exists() for file in ready) or any(one.poll() is not None for one in started),
                within=within,
                what=f"{'; '.join(' '.join(command) for command in commands)} to be ready",
            )
            for one, command in zip(started, commands, strict=True):
                if one.poll() is not None:
                    raise SystemExit(f"{' '.join(command)} ended at once")
            yield started
        except BaseException:
            for log in logs:
                print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
            raise
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
def ended_by_a_signal() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that what it started is ended with it."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def stopped(started: Sequence[Process] | Sequence[psutil.Process]) -> Iterator[None]:
    """They do nothing within the block, so that what piles up meanwhile is there at once when they go on."""
    for one in started:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in started:
            one.send_signal(signal.SIGCONT)


def families(started: Sequence[Process]) -> list[psutil.Process]:
    """Each with all its children."""
    every = [psutil.Process(one.pid) for one in started]
    return [*every, *(child for one in every for child in one.children(recursive=True))]


def cpu(started: Sequence[Process] | Sequence[psutil.Process]) -> float:
    """Processor seconds they have used."""
    return sum(sum(psutil.Process(one.pid).cpu_times()[:2]) for one in started)


def memory(started: Sequence[Process] | Sequence[psutil.Process]) -> list[float]:
    """Resident memory of each, in MiB."""
    return [psutil.Process(one.pid).memory_info().rss / 2**20 for one in started]


def wait(condition: Callable[[], bool], *, within: float, what: str, every: float = 0.01) -> None:
    """Return when it holds.

    Raises:
        SystemExit: it did not `within` so many seconds, asked `every` so many.
    """
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {within:g} s in vain for {what}")
        time.sleep(every)
