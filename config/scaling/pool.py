"""The worker processes of one pool beyond its first, which is somebody else's to run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.embedded.process import Child
from config.embedded.ready import VARIABLE

#: Seconds that a worker may take to end its commands before it is killed: SQS then hands them out again.
DRAINING = 60.0


class Pool:
    """`command(n)` is the command line of worker n, n from 2."""

    def __init__(
        self,
        name: str,
        *,
        queues: Sequence[str],
        command: Callable[[int], Sequence[str]],
        home: Path,
        env: Mapping[str, str],
        cwd: Path,
    ) -> None:
        self.name = name
        self.queues = list(queues)
        self.command = command
        self.home = home
        self.env = env
        self.cwd = cwd
        self.running: dict[int, Child] = {}
        self.leaving: dict[int, tuple[Child, float]] = {}

    @property
    def workers(self) -> int:
        """Processes that receive or are about to, the first among them."""
        return 1 + len(self.running)

    def start(self) -> None:
        """One more; it receives a few seconds later."""
        number = next(n for n in range(2, 100) if n not in self.running and n not in self.leaving)
        part = f"worker-{self.name}-{number}"
        ready = self.home / "run" / f"{part}.ready"
        ready.unlink(missing_ok=True)
        env = {**self.env, "FORKROAD_PART": part, VARIABLE: str(ready)}
        child = Child(part, self.command(number), home=self.home, env=env, cwd=self.cwd)
        child.spawn()
        self.running[number] = child

    def drain(self) -> None:
        """Let the last one go: it ends the commands it has begun and gives back what it only holds."""
        number = max(self.running)
        child = self.running.pop(number)
        assert child.popen is not None
        child.popen.send_signal(signal.SIGTERM)
        self.leaving[number] = child, time.monotonic() + DRAINING

    def look_after(self) -> list[str]:
        """Tidy up what ended; what there is to tell of it."""
        told = []
        for number, child in list(self.running.items()):
            if not child.alive():
                child.kill()  # Pool children of a dead worker may live on in its group.
                del self.running[number]
                told.append(f"{child.name} ended with code {child.returncode} (log: {child.log})")
        for number, (child, until) in list(self.leaving.items()):
            if not child.alive() or time.monotonic() > until:
                late = child.alive()
                child.kill()
                del self.leaving[number]
                told.append(f"{child.name} {'was killed: it did not end' if late else 'has drained and ended'}")
        return told

    def ready(self) -> int:
        """How many of the processes started here receive."""
        return sum((self.home / "run" / f"{child.name}.ready").exists() for child in self.running.values())

    def close(self) -> None:
        """End all, in order, within some seconds."""
        while self.running:
            self.drain()
        for child, _ in self.leaving.values():
            child.stop(grace=8)
        self.leaving.clear()
