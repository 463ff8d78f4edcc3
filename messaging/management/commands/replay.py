"""`manage.py replay`: build a read model again from the stream."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import get_group
from messaging.consuming.positions import live_number
from messaging.consuming.replay import CannotReplay, Progress, replay
from messaging.kafka import Unreachable


class Command(BaseCommand):
    help = (
        "Build a group's read model again from its topics, beside the live one, and put it in its place while the group"
        " keeps running. With --dry-run: build, compare with the live one, roll back; exits 1 when they differ."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", metavar="GROUP")
        parser.add_argument("--dry-run", action="store_true", help="change nothing: compare, and name the differences")
        parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        self.quiet = options["json"] or options["verbosity"] == 0
        self.shown_at = 0.0
        try:
            group = get_group(options["group"])
            began = time.monotonic()
            if options["dry_run"]:
                differences = rebuild_and_compare(group, report=self.report)
                outcome: dict[str, Any] = {"group": group.name, "differences": [str(one) for one in differences]}
            else:
                progress = replay(group, report=self.report)
                differences = []
                outcome = {
                    "group": group.name,
                    "generation": live_number(group.name),
                    "records": progress.read,
                    "events": progress.events,
                }
            outcome["seconds"] = round(time.monotonic() - began, 3)
        except (LookupError, CannotReplay, Unreachable) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(outcome))
        elif options["dry_run"]:
            for one in differences:
                self.stdout.write(str(one))
            self.stdout.write(f"{group.name}: {len(differences) or 'no'} differences in {outcome['seconds']} s")
        else:
            self.stdout.write(
                f"{group.name}: generation {outcome['generation']} is live, {outcome['events']} events from"
                f" {outcome['records']} records in {outcome['seconds']} s"
            )
        if differences:
            raise CommandError(f"the stream does not give what the live model of {group.name} holds")

    def report(self, progress: Progress) -> None:
        """A line a second."""
        if not self.quiet and time.monotonic() - self.shown_at >= 1:
            self.shown_at = time.monotonic()
            self.stdout.write(f"{progress.read} of {progress.total} records, {progress.rate:.0f} a second")
