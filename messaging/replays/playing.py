"""Doing a replay that was asked for, in a worker, while another thread writes down how far it is.

Another thread, because a comparison is one long transaction, out of which nothing can be seen and into which no word
comes: the thread has a connection of its own, and its word to stop is obeyed between two batches.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.db import DatabaseError, connection
from kafka.errors import KafkaError

from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import Group, get_group
from messaging.consuming.history import look_back
from messaging.consuming.positions import live_number
from messaging.consuming.replay import CannotReplay, Progress, Report, forget_unfinished, only_one, replay
from messaging.kafka import Unreachable
from messaging.models import ReplayRun

from . import keeping

logger = logging.getLogger(__name__)

#: Seconds between two signs of life.
EVERY = 0.5
#: Differences, and rows of each table, that are kept for the page.
SHOWN = 20

KIND = ReplayRun.Kind


class CalledOff(Exception):
    """Somebody wants it to end, or another worker does it now."""


class Reporter:
    """Use as a context manager; hand `report` to the replay."""

    def __init__(self, run: ReplayRun) -> None:
        self.run = run
        self.progress = Progress(began=time.monotonic())
        self._called_off = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_forever, name="replay", daemon=True)

    def report(self, progress: Progress) -> None:
        """Raises CalledOff."""
        self.progress = progress
        if self._called_off.is_set():
            raise CalledOff("called off")

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _tell_forever(self) -> None:
        try:
            while not self._over.wait(EVERY):
                self._tell()
            # The last word: how far it came.
            self._tell()
        finally:
            connection.close()

    def _tell(self) -> None:
        now = self.progress
        try:
            if not keeping.note(self.run, read=now.read, total=now.total, events=now.events):
                self._called_off.set()
        except DatabaseError as error:
            logger.warning("how far a replay is could not be written down: %s", error)
            connection.close()


def play(run: ReplayRun) -> None:
    """Do it and close the run, however it ends."""
    outcome: dict[str, Any] = {}
    error = "broken off"
    try:
        group = get_group(run.group)
        with Reporter(run) as reporter:
            outcome = ACTS[run.kind](group, run, reporter.report)
        error = ""
    except CalledOff:
        error = "called off"
        _tidy(run)
    except (LookupError, CannotReplay, Unreachable, KafkaError) as fault:
        # Written into the run, where the person who asked sees it; to try again is theirs to decide.
        error = str(fault)
    finally:
        keeping.end(run, outcome=outcome, error=error)


def _rebuild(group: Group, run: ReplayRun, report: Report) -> dict[str, Any]:
    replay(group, report=report)
    return {"generation": live_number(group.name)}


def _compare(group: Group, run: ReplayRun, report: Report) -> dict[str, Any]:
    found = rebuild_and_compare(group, report=report)
    return {"differences": len(found), "examples": [str(one) for one in found[:SHOWN]]}


def _look(group: Group, run: ReplayRun, report: Report) -> dict[str, Any]:
    history = look_back(group, since=run.since, until=run.until, limit=SHOWN, report=report)
    return {
        "tables": [
            # Rows as lists: jsonb puts an object's keys into an order of its own.
            {
                "name": name,
                "count": history.counts[name],
                "columns": list(rows[0]) if rows else [],
                "rows": [list(row.values()) for row in rows],
            }
            for name, rows in history.tables.items()
        ]
    }


ACTS: dict[str, Callable[[Group, ReplayRun, Report], dict[str, Any]]] = {
    KIND.REBUILD: _rebuild,
    KIND.COMPARE: _compare,
    KIND.LOOK: _look,
}


def _tidy(run: ReplayRun) -> None:
    """Remove the half-built generation of a rebuild, unless somebody builds another already."""
    if run.kind == KIND.REBUILD:
        group = get_group(run.group)
        try:
            with only_one(group, "replay"):
                forget_unfinished(group)
        except CannotReplay:
            return
