"""Commands for tests, loaded into a worker with `--include`. What they do shows in TaskRun and in files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.db import connection, transaction

from messaging.tasks import command


class NotYet(Exception):
    pass


@command("alerts.note")
def note(*, text: str) -> None:
    """Nothing but its own TaskRun."""


@command("alerts.hold")
def hold(*, path: str) -> None:
    """Say who runs (a line a run), then wait until the file `<path>.go` is there."""
    with Path(path).open("a") as lines:
        lines.write(f"{os.getpid()}\n")
    while not Path(f"{path}.go").exists():
        time.sleep(0.02)


@command("alerts.fail", throws=(NotYet,))
def fail(*, until: str) -> None:
    """Raise until the file is there; what it writes before must not stay."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO messaging_incident (kind, subject, message) VALUES ('probe', %s, '')", [until])
        if not Path(until).exists():
            raise NotYet("the file is not there")


@command("alerts.backend")
def backend(*, path: str) -> None:
    """Write down which database session and thread served this run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()[0]
    with Path(path).open("a") as lines:
        lines.write(f"{session}\n")
