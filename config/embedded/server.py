"""What the three servers have in common: prepare, start, be awaited, fail on purpose, come back at the same address."""

import threading
from collections.abc import Callable
from pathlib import Path

from .process import Child


class Server:
    """A server of the stack. `prepare()` makes its data and returns its command; `ready()` says whether it answers.

    Ports and data stay the same for the life of the object, so a test may kill it and start it again under
    clients that know only its address.
    """

    name: str
    #: Seconds a start may take on a slow, busy machine before it counts as failed.
    patience: float = 60.0

    def __init__(self, home: Path, *, port: int) -> None:
        self.home = home
        self.port = port
        self._child: Child | None = None
        self._lock = threading.Lock()

    def prepare(self) -> Child:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    @property
    def child(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child

    @property
    def started(self) -> bool:
        return self._child is not None

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"{self.name}.log"

    def alive(self) -> bool:
        return self._child is not None and self._child.alive()

    def start(self, *, give_up: Callable[[], bool] = lambda: False) -> None:
        """Start and wait until it answers. Raises NotReady, naming the log."""
        with self._lock:
            if self.alive():
                return
            if self._child is None:
                self._child = self.prepare()
            child = self._child
            child.spawn()
            # Somebody else at our port would answer just as well.
            child.await_ready(lambda: self.ready() and child.listens(self.port), within=self.patience, give_up=give_up)

    def stop(self) -> None:
        """End it in order; data stays."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash of the machine would end it; data stays."""
        self.child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing until `resume()`."""
        self.child.pause()

    def resume(self) -> None:
        self.child.resume()
