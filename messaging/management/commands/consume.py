"""`manage.py consume`: consumer groups, from Kafka into PostgreSQL."""

from __future__ import annotations

import json
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.ready import mark_ready
from messaging.collecting import collect_rarely
from messaging.consuming.group import all_groups, get_group
from messaging.consuming.loop import GroupLoop


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # It serves no page: the web part's checks must not keep it from starting.
    help = "Run consumer groups: those named, or all of them in this one process, each in a thread of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("groups", nargs="*", metavar="GROUP", help="names of groups (default: all)")
        parser.add_argument("--json", action="store_true", help="print a summary as one line of JSON at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            groups = [get_group(name) for name in options["groups"]] or all_groups()
        except LookupError as error:
            raise CommandError(str(error)) from error
        collect_rarely()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loops = [GroupLoop(group) for group in groups]
        threads = [threading.Thread(target=loop.run, args=(stop,), name=f"group-{loop.group.name}") for loop in loops]
        for thread in threads:
            thread.start()
        for loop in loops:
            while not loop.ready.wait(0.2) and not stop.is_set():
                pass
        mark_ready()
        stop.wait()
        for thread in threads:
            thread.join()
        if options["json"]:
            counts = {loop.group.name: {"events": loop.applied, "batches": loop.batches} for loop in loops}
            self.stdout.write(json.dumps(counts))
