"""The three servers as one: started side by side, ended together, described by environment variables."""

import contextlib
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from . import paths
from .errors import EmbeddedError
from .kafka import Kafka
from .ports import choose_port
from .postgres import Postgres
from .server import Server
from .sqs import REGION, Sqs

#: Tried first by `manage.py demo`, so that its addresses stay the same from day to day.
PREFERRED_PORTS = {"postgres": 25432, "kafka": 29092, "controller": 29093, "sqs": 29324}


class Stack:
    """PostgreSQL, Kafka and the SQS server on loopback, with their data under `home`.

    `ports` are wishes (keys as in PREFERRED_PORTS): a taken one is replaced by a free one. `report(name, seconds)` is
    called when a server answers, from that server's thread. One stack a home: a second raises EmbeddedError.
    """

    def __init__(
        self,
        home: Path,
        *,
        ports: Mapping[str, int] | None = None,
        report: Callable[[str, float], None] = lambda name, seconds: None,
    ) -> None:
        self.home = home.absolute()
        self.report = report
        chosen: dict[str, int] = {}
        for name in PREFERRED_PORTS:
            chosen[name] = choose_port((ports or {}).get(name), avoid=chosen.values())
        self.ports = chosen
        self.postgres = Postgres(self.home, port=chosen["postgres"])
        self.kafka = Kafka(self.home, port=chosen["kafka"], controller_port=chosen["controller"])
        self.sqs = Sqs(self.home, port=chosen["sqs"])
        self._lock_file: int | None = None

    @property
    def servers(self) -> list[Server]:
        return [self.postgres, self.kafka, self.sqs]

    def start(self) -> None:
        """Start all three at once and return when each answers. Raises EmbeddedError after ending the others."""
        self.claim()
        failed = threading.Event()

        def start(server: Server) -> None:
            begun = time.monotonic()
            try:
                server.start(give_up=failed.is_set)
            except BaseException:
                failed.set()
                raise
            self.report(server.name, time.monotonic() - begun)

        with ThreadPoolExecutor(len(self.servers)) as pool:
            futures = [pool.submit(start, server) for server in self.servers]
        errors = [error for future in futures if (error := future.exception())]
        if errors:
            self.stop()
            # The server that failed first, not one that was given up because of it.
            raise min(errors, key=lambda error: "was given up" in str(error))

    def stop(self) -> None:
        """End all three in order, data stays. Safe to call twice."""
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(lambda server: server.stop(), self.servers))
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def env(self) -> dict[str, str]:
        """The environment variables by which settings find these servers."""
        return {
            "DATABASE_URL": self.postgres.url(),
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers(),
            "SQS_ENDPOINT_URL": self.sqs.url(),
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }

    def claim(self) -> None:
        """Make the home and lock it for this process; `stop()` releases it."""
        self.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 100, 0).decode()
            os.close(descriptor)
            raise EmbeddedError(
                f"{self.home} is in use by process {owner}: stop that one first, or set FORKROAD_HOME elsewhere."
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock_file = descriptor

    def __enter__(self) -> "Stack":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


@contextlib.contextmanager
def throwaway_stack(home: Path) -> Iterator[Stack]:
    """A stack whose data is removed when it ends."""
    try:
        with Stack(home) as stack:
            yield stack
    finally:
        paths.remove_data(home)


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write a file of NAME=value lines that settings and a shell can read; only its owner may (it holds a password)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(
        "".join(f"{name}={json.dumps(value) if ' ' in value else value}\n" for name, value in values.items())
    )
    fresh.replace(path)


def read_env(path: Path) -> dict[str, str]:
    """The inverse of `write_env`."""
    values = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        values[name] = json.loads(value) if value.startswith('"') else value
    return values
