"""`manage.py sweep`: see `delivery.duties` for what it does."""

from __future__ import annotations

import json
import logging
import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.ready import mark_ready
from delivery.locks import SessionLock
from delivery.sweeper import DUTIES, TICK_SECONDS, Sweeper
from messaging.sweeping import declared

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Call for the dispatch rounds that are due, and once a second do what was forgotten: end offers that ran out, "
        "wake zones, give up or reject orders that waited too long, remind the payments queue. One process is active; "
        "others started beside it stand by."
    )

    # The checks import every page of the site, which this process never needs.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every duty one time, and end")
        names = [duty.name for duty in (*DUTIES, *declared())]
        parser.add_argument("--duty", action="append", choices=names, help="only this one; may be given again")
        parser.add_argument("--json", action="store_true", help="print what was done as a line of JSON a pass")

    def handle(self, *args: Any, **options: Any) -> None:
        duties = (*DUTIES, *declared())
        chosen = options["duty"] or [duty.name for duty in duties]
        sweeper = Sweeper(duty for duty in duties if duty.name in chosen)
        try:
            if options["once"]:
                self.once(sweeper, as_json=options["json"])
            else:
                self.loop(sweeper, as_json=options["json"])
        finally:
            sweeper.close()

    def once(self, sweeper: Sweeper, *, as_json: bool) -> None:
        self.show(sweeper.sweep(wait=True), sweeper.failures, as_json=as_json, always=True)
        if sweeper.failures:
            raise CommandError(f"failed: {', '.join(sweeper.failures)}")

    def loop(self, sweeper: Sweeper, *, as_json: bool) -> None:
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        lock = SessionLock("sweeper")
        active = lock.hold()
        logger.info("sweeping" if active else "standing by: another process sweeps")
        mark_ready()
        while not stop.wait(TICK_SECONDS):
            was, active = active, lock.hold()
            if active != was:
                logger.info("sweeping" if active else "standing by: another process sweeps")
            if active:
                self.show(sweeper.sweep(), sweeper.failures, as_json=as_json)
        lock.release()

    def show(self, done: dict[str, int], failures: dict[str, str], *, as_json: bool, always: bool = False) -> None:
        if not (always or failures or any(done.values())):
            return
        if as_json:
            self.stdout.write(json.dumps({"done": done, "failed": failures}))
        else:
            words = [f"{name} {count}" for name, count in done.items() if count or always]
            self.stdout.write(", ".join([*words, *(f"{name} FAILED: {error}" for name, error in failures.items())]))
        self.stdout.flush()
