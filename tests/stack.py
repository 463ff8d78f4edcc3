"""The embedded stack of a test session, as a pytest plugin (`addopts = "-p tests.stack"`, `python -m pytest`).

The addresses are in the environment before Django reads its settings; the servers start meanwhile, while tests are
collected. With `-n 2` each worker process has servers of its own, and the one that controls them has none.
FORKROAD_TEST_STACK=/path/to/run.env uses servers that already run (`make stack`), under names of their own.
"""

import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.embedded import paths
from config.embedded.stack import Stack, read_env
from tests import spread
from tests.gateway import GatewayThread

#: The testing profile: as in production, only sooner.
PROFILE = {
    "FORKROAD_VISIBILITY_SECONDS": "6",
    "FORKROAD_TASK_LIMIT_SECONDS": "1.5",
    # A worker that is told to end sees its open polls to their end.
    "FORKROAD_SQS_WAIT_SECONDS": "1",
    # As in the demo; tests of the second factor switch it on.
    "FORKROAD_STAFF_SECOND_FACTOR": "0",
    # A test knows what its orders cost, however many wait; those of pricing set bounds of their own.
    "FORKROAD_HIGHEST_SURCHARGE": "0",
}


class Session:
    """The servers this test session runs on; `stack` is None when they belong to someone else."""

    def __init__(self) -> None:
        spread.keep_to_own_ports()
        # In the checkout, so that `make clean` also finds what a killed session left behind.
        sessions = paths.home() / "tests"
        sessions.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(dir=sessions))
        self.stack: Stack | None = None
        self._failure: BaseException | None = None
        self._starting: threading.Thread | None = None
        #: The payment provider of tests that bring up no process for it.
        self.gateway = GatewayThread(self.home / "gateway.sqlite3")

    def begin(self) -> dict[str, str]:
        """Start the servers in the background, or find the running ones; return the environment for Django."""
        namespace = f"t{os.getpid()}"
        if running := os.environ.get("FORKROAD_TEST_STACK"):
            values = read_env(Path(running))
        else:
            self.stack = Stack(self.home)
            values = self.stack.env()
            self._starting = threading.Thread(target=self._start, args=(self.stack,), daemon=True)
            self._starting.start()
        # Named like the test database itself, so that workers started by a test inherit the right one.
        database = f"/test_forkroad_{namespace}"
        values["DATABASE_URL"] = urlsplit(values["DATABASE_URL"])._replace(path=database).geturl()
        values |= self.gateway.env()
        return values | PROFILE | {"FORKROAD_NAMESPACE": namespace, "FORKROAD_HOME": str(self.home)}

    def _start(self, stack: Stack) -> None:
        try:
            stack.start()
        except BaseException as error:
            self._failure = error

    def await_ready(self) -> None:
        self.gateway.start()
        if self._starting is not None:
            self._starting.join()
        if self._failure is not None:
            pytest.exit(f"the embedded stack did not start: {self._failure}", returncode=3)

    def end(self) -> None:
        if self._starting is not None:
            self._starting.join()
        if self.stack is not None:
            # Clients that live as long as this process would tell of every attempt to reach what is gone on purpose.
            logging.getLogger("kafka").setLevel(logging.CRITICAL)
            self.stack.stop()
        self.gateway.stop()
        paths.remove_data(self.home)


session_key = pytest.StashKey[Session]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    # A wrapper comes before pytest-django's own hook, which loads the settings.
    runs_no_test = any(
        getattr(early_config.known_args_namespace, name, False) for name in ("help", "version", "collectonly")
    )
    if runs_no_test or spread.controls_others(early_config):
        return (yield)
    session = early_config.stash[session_key] = Session()
    os.environ.update(session.begin())
    result = yield
    from django.db import connections

    connections.settings["default"]["TEST"]["NAME"] = connections.settings["default"]["NAME"]
    return result


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.items and (servers := session.config.stash.get(session_key, None)):
        servers.await_ready()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # Before a worker's last word, after which it is given ten seconds.
    _end(session.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    _end(config)


def _end(config: pytest.Config) -> None:
    if servers := config.stash.get(session_key, None):
        del config.stash[session_key]
        servers.end()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The session's servers, for tests that stop, kill or pause one. They must leave it running."""
    session = pytestconfig.stash[session_key]
    if session.stack is None:
        pytest.skip("this test restarts servers: unset FORKROAD_TEST_STACK to give it its own")
    return session.stack
