"""The Celery app before and after a release that mends two commands: `celery -A tests.faults.released`.

FORKROAD_RELEASE=after has the command `delivery.probe_new`, and gives `delivery.probe_note` a default for what its
senders forgot. Each run that gets so far writes a line to the file that it is told.
"""

from __future__ import annotations

import os
from pathlib import Path

import django

from config.celery import app

# A worker sets Django up only after it has imported its app.
django.setup()

from messaging.tasks import command  # noqa: E402

__all__ = ["app"]


def write(path: str, line: str) -> None:
    with Path(path).open("a") as lines:
        lines.write(f"{line}\n")


if os.environ.get("FORKROAD_RELEASE") == "after":

    @command("delivery.probe_new")
    def new(*, path: str, padding: str = "") -> None:
        """What the workers of before had never heard of."""
        write(path, "new")

    @command("delivery.probe_note")
    def note(*, path: str, author: str = "nobody") -> None:
        write(path, f"note by {author}")

else:

    @command("delivery.probe_note")
    def note_of_before(*, path: str, author: str) -> None:
        write(path, f"note by {author}")
