"""One child process: its own group, its log file, its pid file, watched by the guard."""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from . import guard as guard_module
from .errors import NotReady


class Guard:
    """The supervisor's end of the pipe to `guard.py`; one for the whole process, started on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def add(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            self._tell(f"+{group}\n")

    def discard(self, group: int) -> None:
        with self._lock:
            self._groups.discard(group)
            self._tell(f"-{group}\n")

    def _tell(self, lines: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", guard_module.__file__],
                stdin=subprocess.PIPE,
                start_new_session=True,
                cwd="/",
            )
            lines = "".join(f"+{group}\n" for group in self._groups)
        assert self._process.stdin is not None
        self._process.stdin.write(lines.encode())
        self._process.stdin.flush()


guard = Guard()


class Child:
    """A command that is started, awaited, ended and started again; ports and files stay the same.

    Each child leads a process group of its own: Ctrl-C in a terminal reaches only the supervisor, which then
    ends the children in order, and one signal reaches a child with all its grandchildren.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        home: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: int = signal.SIGTERM,
        output: bool = False,
    ) -> None:
        self.name = name
        self.argv = [str(part) for part in argv]
        self.log = home / "logs" / f"{name}.log"
        self.pid_file = home / "run" / f"{name}.pid"
        self.env = env
        self.cwd = cwd
        self.user = user
        self.stop_signal = stop_signal
        #: With `output`, standard output goes to a file of its own, overwritten at each start; else to the log.
        self.output = self.log.with_suffix(".out") if output else None
        self.popen: subprocess.Popen[bytes] | None = None
        # Once the group is gone its number may be another's.
        self._group_ended = True

    @property
    def pid(self) -> int:
        if self.popen is None:
            raise RuntimeError(f"{self.name} was never started")
        return self.popen.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return None if self.popen is None else self.popen.poll()

    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def spawn(self) -> None:
        """Start the command; a child left behind by an earlier supervisor is ended first."""
        end_leftover(self.pid_file)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log, (self.output or Path(os.devnull)).open("wb") as output:
            self.popen = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output if self.output else log,
                stderr=log,
                env=None if self.env is None else dict(self.env),
                cwd=self.cwd,
                user=self.user,
                group=None if self.user is None else pwd.getpwnam(self.user).pw_gid,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
            )
        self._group_ended = False
        guard.add(self.popen.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(self.popen.pid).create_time()
            self.pid_file.write_text(json.dumps({"pid": self.popen.pid, "started": started}))

    def await_ready(
        self, ready: Callable[[], bool], *, within: float, give_up: Callable[[], bool] = lambda: False
    ) -> None:
        """Poll `ready` until it is true. Raises NotReady when the child ends, time runs out or `give_up()` says so."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.alive():
                raise NotReady(self.name, why=f"ended with code {self.returncode} before it was ready", log=self.log)
            if give_up():
                raise NotReady(self.name, why="was given up because another process failed", log=self.log)
            if time.monotonic() > deadline:
                raise NotReady(self.name, why=f"was not ready after {within:g} s", log=self.log)
            time.sleep(0.03)

    def signal_group(self, number: int) -> None:
        if self.popen is not None and not self._group_ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, number)

    def stop(self, *, grace: float = 10.0) -> None:
        """Ask the child to end, wait, then kill what is left of it and its descendants."""
        if self.popen is None or self._group_ended:
            return
        known = self.descendants()
        if self.popen.poll() is None:
            # Only the leader is asked: Celery's or Postgres' own children are its to end, in its order.
            self.popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace)
        self._end(known)

    def kill(self) -> None:
        """SIGKILL to the child and all its descendants; returns when they are gone."""
        if self.popen is not None and not self._group_ended:
            self._end(self.descendants())

    def listens(self, port: int) -> bool:
        """Whether this child or a descendant accepts connections at the port, and not somebody else who was quicker."""
        with contextlib.suppress(psutil.Error):
            for process in (psutil.Process(self.pid), *self.descendants()):
                for socket in process.net_connections(kind="tcp"):
                    if socket.status == psutil.CONN_LISTEN and socket.laddr.port == port:
                        return True
        return False

    def descendants(self) -> list[psutil.Process]:
        """Found while their parent lives: PostgreSQL's backends lead groups of their own."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _end(self, descendants: list[psutil.Process]) -> None:
        assert self.popen is not None
        self.signal_group(signal.SIGKILL)
        for process in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.popen.wait()
        until = time.monotonic() + 5
        while any(running(process) for process in descendants) and time.monotonic() < until:
            time.sleep(0.01)
        self._group_ended = True
        guard.discard(self.popen.pid)
        self.pid_file.unlink(missing_ok=True)

    def pause(self) -> None:
        """SIGSTOP to the whole group, as a machine that hangs."""
        self.signal_group(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal_group(signal.SIGCONT)


def running(process: psutil.Process) -> bool:
    """Whether it still runs code; an ended one that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_leftover(pid_file: Path) -> None:
    """Kill the process a pid file names, if it is still the very same one (same start time)."""
    try:
        noted = json.loads(pid_file.read_text())
        process = psutil.Process(noted["pid"])
        if abs(process.create_time() - noted["started"]) > 1:
            return
        os.killpg(process.pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while running(process) and time.monotonic() < until:
            time.sleep(0.01)
    except (OSError, ValueError, KeyError, psutil.Error):
        return
    finally:
        pid_file.unlink(missing_ok=True)
