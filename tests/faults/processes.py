"""Processes of the road to Kafka, several of a kind, whole or with a fault built in."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.db import connection

from config.embedded.process import Child
from messaging.relay.lanes import MEMBER, lock_key
from tests.system import MANAGE, ROOT, child_environment
from tests.waiting import wait_for

#: Before a script's own lines.
SET_UP = (
    "import os, signal, sys, time, dataclasses, django; django.setup()\n"
    "from django.core.management import call_command\n"
)


@contextlib.contextmanager
def started(*command: str, name: str = "child", env: Mapping[str, str] | None = None) -> Iterator[Child]:
    """`manage.py` with these arguments (or, with `-c` first, a script after SET_UP) as a process of its own.

    It may be ended within the block, and started again by `spawn()`. `child.ready` names the file it makes when ready.
    """
    home = Path(tempfile.mkdtemp(prefix="forkroad-fault-"))
    script = [sys.executable, "-c", SET_UP + command[1], *command[2:]] if command[0] == "-c" else []
    values = child_environment() | {"FORKROAD_HOME": str(home), "FORKROAD_READY_FILE": str(home / "ready")}
    child = Child(name, script or [*MANAGE, *command], home=home, env=values | dict(env or {}), cwd=ROOT)
    child.spawn()
    succeeded = False
    try:
        yield child
        succeeded = True
    finally:
        child.resume()
        child.stop(grace=10)
        # The logs of a test that failed are worth keeping.
        if succeeded:
            shutil.rmtree(home, ignore_errors=True)


def await_ready(child: Child, *, within: float = 60) -> None:
    """Return when the process says that it does its work."""
    child.await_ready((child.log.parent.parent / "ready").exists, within=within)


def run_to_death(script: str, *arguments: str, within: float = 60) -> float:
    """Run a script that kills itself with SIGKILL; returns after how many seconds it did."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SET_UP + script, *arguments], cwd=ROOT, env=child_environment(), timeout=within
    )
    assert done.returncode == -9
    return time.monotonic() - began


def lanes() -> dict[int, int]:
    """Lanes of the Kafka road that each database session holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, count(*) FILTER (WHERE objid < %s) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s::bigint::oid GROUP BY pid",
            [MEMBER, lock_key("kafka")],
        )
        return dict(cursor.fetchall())


def let_pass(seconds: float) -> None:
    """Let a fault last: the one thing here that is waited for by the clock."""
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= until, within=seconds + 30, what=f"{seconds:g} s to pass", every=0.05)
