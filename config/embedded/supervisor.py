"""Runs servers, steps and parts: starts each when what it needs is ready, starts again what dies, ends all."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from .errors import NotReady
from .parts import PATIENT, Part, Step
from .process import Child
from .ready import VARIABLE
from .server import Server

#: Seconds before a part that died is started again: doubled for each death in a row, forgotten after QUIET seconds.
FIRST_WAIT, LONGEST_WAIT, QUIET = 1.0, 30.0, 60.0


@dataclass
class Watched:
    """A child that should be alive, and when it may be started again."""

    child: Child
    #: Whether it does its work; asked once it is alive.
    ready: Callable[[], bool] = lambda: True
    #: Removed before each start: it says that this very start got ready.
    ready_file: Path | None = None
    ends: bool = False
    player: bool = False
    deaths: int = 0
    restarts: int = 0
    started: float = field(default_factory=time.monotonic)
    due: float | None = None

    def wait(self) -> float:
        return min(FIRST_WAIT * 2.0 ** (self.deaths - 1), LONGEST_WAIT)


class Supervisor:
    """`start()`, then `watch()` every moment or so, then `stop()`.

    `say(name, text)` shows one line of progress; it is called from several threads. Setting `ending` makes a running
    `start()` give up.
    """

    def __init__(
        self,
        *,
        home: Path,
        servers: Sequence[Server],
        steps: Sequence[Step],
        parts: Sequence[Part],
        env: Mapping[str, str],
        cwd: Path,
        say: Callable[[str, str], None],
        patience: float = 90.0,
    ) -> None:
        self.home = home
        self.servers = list(servers)
        self.steps = list(steps)
        self.parts = list(parts)
        self.env = env
        self.cwd = cwd
        self.say = say
        self.patience = patience
        self.ending = Event()
        self.watched: dict[str, Watched] = {}

    def start(self) -> None:
        """Bring everything up. Raises EmbeddedError (what failed, its log) after ending what had been started."""
        jobs: dict[str, tuple[Sequence[str], Callable[[], None]]] = {}
        for server in self.servers:
            jobs[server.name] = ((), lambda server=server: self._start_server(server))  # type: ignore[misc]
        for step in self.steps:
            jobs[step.name] = (step.needs, lambda step=step: self._run_step(step))  # type: ignore[misc]
        for part in self.parts:
            jobs[part.name] = (part.needs, lambda part=part: self._start_part(part))  # type: ignore[misc]
        try:
            self._run(jobs)
        except BaseException:
            self.stop()
            raise

    def _run(self, jobs: Mapping[str, tuple[Sequence[str], Callable[[], None]]]) -> None:
        # What was left out on purpose counts as there.
        graph = {name: [need for need in needs if need in jobs] for name, (needs, _) in jobs.items()}
        order = TopologicalSorter(graph)
        order.prepare()
        running: dict[Future[None], str] = {}
        errors: list[BaseException] = []
        with ThreadPoolExecutor(max(1, len(jobs))) as pool:
            while order.is_active() and not errors:
                running |= {pool.submit(jobs[name][1]): name for name in order.get_ready()}
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    if error := future.exception():
                        errors.append(error)
                        self.ending.set()
                    else:
                        order.done(name)
        if errors:
            raise errors[0]

    def _start_server(self, server: Server) -> None:
        begun = time.monotonic()
        server.start(give_up=self.ending.is_set)
        self.watched[server.name] = Watched(server.child, ready=server.ready)
        self.say(server.name, f"ready after {time.monotonic() - begun:.1f} s")

    def _run_step(self, step: Step) -> None:
        begun = time.monotonic()
        child = Child(step.name, step.argv, home=self.home, env=self.env, cwd=self.cwd)
        child.spawn()
        try:
            while child.alive() and not self.ending.wait(0.03):
                pass
            if child.alive() or child.returncode != 0:
                raise NotReady(step.name, why=f"did not finish (code {child.returncode})", log=child.log)
        finally:
            child.kill()
        self.say(step.name, f"done after {time.monotonic() - begun:.1f} s")

    def _start_part(self, part: Part) -> None:
        begun = time.monotonic()
        ready_file = self.home / "run" / f"{part.name}.ready"
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.unlink(missing_ok=True)
        env = {**self.env, "FORKROAD_PART": part.name, VARIABLE: str(ready_file), **part.env}
        argv = (*PATIENT, *part.argv) if part.patient else part.argv
        child = Child(part.name, argv, home=self.home, env=env, cwd=self.cwd, output=part.player)

        def ready() -> bool:
            if part.health:
                # Somebody else at our port would answer just as well.
                return answers(part.health) and child.listens(urlsplit(part.health).port or 80)
            return ready_file.exists() or (part.ends and child.returncode == 0)

        self.watched[part.name] = Watched(child, ready=ready, ready_file=ready_file, ends=part.ends, player=part.player)
        child.spawn()
        child.await_ready(ready, within=self.patience, give_up=self.ending.is_set)
        self.say(part.name, f"ready after {time.monotonic() - begun:.1f} s")

    def watch(self) -> None:
        """Look at every child once; start again, after a growing wait, what should live and does not."""
        now = time.monotonic()
        for name, watched in self.watched.items():
            child = watched.child
            if child.alive():
                if watched.deaths and now - watched.started > QUIET:
                    watched.deaths = 0
            elif watched.ends:
                continue
            elif watched.due is None:
                # Pool children of a dead worker may live on in its group.
                child.kill()
                watched.deaths += 1
                watched.due = now + watched.wait()
                self.say(
                    name, f"ended with code {child.returncode}; starts again in {watched.wait():g} s (log: {child.log})"
                )
            elif now >= watched.due:
                watched.due, watched.started = None, now
                watched.restarts += 1
                if watched.ready_file:
                    watched.ready_file.unlink(missing_ok=True)
                child.spawn()
                self.say(name, "started again")

    def take_down(self, name: str, *, seconds: float) -> None:
        """kill -9 a child, and let `watch()` start it again after so long: asked for, so it counts as no death."""
        watched = self.watched[name]
        watched.child.kill()
        watched.due = time.monotonic() + seconds

    def stop(self) -> None:
        """End the parts, those that make work first, then the servers they work on."""
        self.ending.set()
        servers = {server.name for server in self.servers}
        parts = [watched for name, watched in self.watched.items() if name not in servers]
        for group, grace in (
            ([watched.child for watched in parts if watched.player], 2.0),
            ([watched.child for watched in parts if not watched.player], 10.0),
            ([server.child for server in self.servers if server.started], 10.0),
        ):
            if group:
                with ThreadPoolExecutor(len(group)) as pool:
                    for child in group:
                        pool.submit(child.stop, grace=grace)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
