"""The system's own processes, run for a test: web, relay, workers, consumers and sweeper, real and killable."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.embedded.ports import HOST, choose_port
from config.embedded.process import Child

ROOT = Path(__file__).resolve().parents[1]
MANAGE = (sys.executable, "manage.py")
WORKER = (sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "INFO")

#: The command of each part; `{port}` is the web server's, `{gateway_port}` the payment provider's.
PARTS: dict[str, tuple[str, ...]] = {
    "web": (
        *(sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", HOST, "--port", "{port}"),
        *("--timeout-graceful-shutdown", "2", "--log-level", "warning"),
    ),
    "gateway": (
        *(sys.executable, "-m", "orders.payments.sandbox", "--host", HOST, "--port", "{gateway_port}"),
        *("--store", "{home}/gateway.sqlite3", "--webhook", f"http://{HOST}:{{port}}/payments/webhook"),
    ),
    "relay": (*MANAGE, "relay"),
    "consume": (*MANAGE, "consume"),
    "sweep": (*MANAGE, "sweep"),
    "payments": (*WORKER, "-Q", "payments", "-P", "prefork", "-c", "1", "-n", "payments@%h"),
    "worker": (*WORKER, "-Q", "dispatch,notices,alerts", "-P", "threads", "-c", "4", "-n", "worker@%h"),
}
ALL = tuple(PARTS)


def child_environment() -> dict[str, str]:
    """This process's environment, pointed at the test database instead of the one it was started with."""
    database = connection.settings_dict
    login = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{login}/{database['NAME']}",
        "FORKROAD_NAMESPACE": settings.FORKROAD_NAMESPACE,
        "PAYMENT_GATEWAY_KEY": settings.PAYMENT_GATEWAY_KEY,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }


class System:
    """Running parts by name. `system["relay"].kill()` is kill -9; `.spawn()` starts the same part again."""

    def __init__(self, parts: tuple[str, ...], *, home: Path, env: Mapping[str, str]) -> None:
        self.home = home
        self.port = choose_port()
        self.gateway_port = choose_port(avoid=[self.port])
        env = {**env, "FORKROAD_URL": self.url}
        if "gateway" in parts:
            # Else the parts use the one of the test session.
            env["PAYMENT_GATEWAY_URL"] = self.gateway_url
        fill = {"port": self.port, "gateway_port": self.gateway_port, "home": home}
        self.children = {
            part: Child(part, [word.format(**fill) for word in PARTS[part]], home=home, env=env, cwd=ROOT)
            for part in parts
        }

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"http://{HOST}:{self.gateway_port}"

    def __getitem__(self, part: str) -> Child:
        return self.children[part]

    def log(self, part: str) -> str:
        """What a part has written so far."""
        return self.children[part].log.read_text(errors="replace")

    def listening(self, part: str = "web") -> bool:
        port = self.gateway_port if part == "gateway" else self.port
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        return False


@contextlib.contextmanager
def running(*parts: str, env: Mapping[str, str] | None = None, within: float = 60) -> Iterator[System]:
    """Start the named parts (all when none is named) and end them with the block; web and workers are awaited.

    `env` adds to the environment of every part. Needs a committed database: use a `transaction=True` test.
    """
    home = Path(tempfile.mkdtemp(prefix="forkroad-system-"))
    # A demo's run.env in the checkout must not lend these processes its addresses.
    system = System(parts or ALL, home=home, env=child_environment() | {"FORKROAD_HOME": str(home)} | dict(env or {}))
    succeeded = False
    try:
        for child in system.children.values():
            child.spawn()
        for part, child in system.children.items():
            if part in ("web", "gateway"):
                child.await_ready(lambda part=part: system.listening(part), within=within)  # type: ignore[misc]
            elif part in ("payments", "worker"):
                child.await_ready(lambda part=part: " ready." in system.log(part), within=within)  # type: ignore[misc]
        yield system
        succeeded = True
    finally:
        # All at once: each takes its time to end in order.
        with ThreadPoolExecutor(len(system.children)) as pool:
            list(pool.map(lambda child: child.stop(grace=5), system.children.values()))
        # The logs of a test that failed are worth keeping.
        if succeeded:
            shutil.rmtree(home, ignore_errors=True)
