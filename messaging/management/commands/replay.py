"""`manage.py replay`: build a read model again from the stream."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from messaging.collecting import collect_rarely
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.dealing import deal, replaying_beside
from messaging.consuming.group import Group, all_groups, get_group
from messaging.consuming.history import look_back
from messaging.consuming.positions import live_number
from messaging.consuming.replay import CannotReplay, Progress, replay
from messaging.consuming.shared import replay_together
from messaging.kafka import Unreachable

#: Rows of each table that `--from` and `--to` print.
SHOWN = 20


def moment(text: str) -> datetime:
    """An ISO 8601 time; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-05-04T12:00 or 2026-05-04T12:00:00+02:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Build a group's read model again from its topics, beside the live one, and put it in its place while the group"
        " keeps running. Several groups (or --all) share one reading of the topics. With --dry-run: build, compare with"
        " the live one, roll back; exits 1 when they differ. With --to and --from: show the model as of a moment, or of"
        " a window of time alone; nothing is changed."
    )
    requires_system_checks: list[str] = []  # They load every page: some two seconds before the first record is read.

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("groups", metavar="GROUP", nargs="*")
        parser.add_argument("--all", action="store_true", help="every group that can be replayed")
        parser.add_argument(
            "--processes", type=int, default=1, help="deal several groups out to so many processes (default 1)"
        )
        parser.add_argument("--dry-run", action="store_true", help="change nothing: compare, and name the differences")
        parser.add_argument("--from", dest="since", type=moment, metavar="TIME", help="only facts recorded since")
        parser.add_argument("--to", dest="until", type=moment, metavar="TIME", help="only facts recorded until")
        parser.add_argument(
            "--rows", type=int, default=SHOWN, help=f"rows shown of each table (default {SHOWN}; 0: all)"
        )
        parser.add_argument("--json", action="store_true", help="print each outcome as a line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        window = options["since"] is not None or options["until"] is not None
        if window and options["dry_run"]:
            raise CommandError("--dry-run compares the whole model: leave --from and --to out")
        if options["since"] and options["until"] and options["since"] > options["until"]:
            raise CommandError("--from is after --to")
        if bool(options["groups"]) == options["all"]:
            raise CommandError("name the groups to replay, or --all")
        self.quiet = options["json"] or options["verbosity"] == 0
        self.began = time.monotonic()
        try:
            groups = [get_group(name) for name in dict.fromkeys(options["groups"])]
            groups = groups or [group for group in all_groups() if group.replayable]
            collect_rarely()
            if len(groups) > 1:
                if window or options["dry_run"]:
                    raise CommandError("--dry-run, --from and --to are for one group at a time")
                self.apart(groups, options)
                return
            (group,) = groups
            with Shown(self.stdout, quiet=self.quiet) as shown:
                act = self.look if window else self.compare if options["dry_run"] else self.rebuild
                outcome = act(group, shown, options)
        except (LookupError, CannotReplay, Unreachable) as error:
            raise CommandError(str(error)) from error
        self.put(outcome, options)
        if outcome.get("differences"):
            raise CommandError(f"the stream does not give what the live model of {group.name} holds")

    def rebuild(self, group: Group, shown: Shown, options: dict[str, Any]) -> dict[str, Any]:
        return rebuilt(group, replay(group, report=shown.report))

    def together(self, groups: list[Group], options: dict[str, Any]) -> None:
        with Shown(self.stdout, quiet=self.quiet) as shown:
            outcomes = replay_together(groups, report=lambda group, progress: shown.report(progress, group.name))
        failed = []
        for group in groups:
            outcome = outcomes[group.name]
            if isinstance(outcome, Exception):
                failed.append(f"{group.name}: {outcome}")
            else:
                self.put(rebuilt(group, outcome) | {"seconds": round(outcome.seconds, 3)}, options)
        if failed:
            raise CommandError("\n".join(failed))

    def apart(self, groups: list[Group], options: dict[str, Any]) -> None:
        mine, *others = deal(groups, options["processes"])
        # Of two bars on one terminal each would overwrite the other: the others only say how it ended.
        with replaying_beside(others, ["--json"] if options["json"] else ["--verbosity", "0"]):
            self.together(mine, options)

    def put(self, outcome: dict[str, Any], options: dict[str, Any]) -> None:
        outcome.setdefault("seconds", round(time.monotonic() - self.began, 3))
        if options["json"]:
            self.stdout.write(json.dumps(outcome, cls=DjangoJSONEncoder))
        else:
            self.tell(outcome)

    def compare(self, group: Group, shown: Shown, options: dict[str, Any]) -> dict[str, Any]:
        differences = rebuild_and_compare(group, report=shown.report)
        return {"group": group.name, "differences": [str(one) for one in differences]}

    def look(self, group: Group, shown: Shown, options: dict[str, Any]) -> dict[str, Any]:
        since, until = options["since"], options["until"]
        history = look_back(group, since=since, until=until, limit=options["rows"] or None, report=shown.report)
        return {
            "group": group.name,
            "from": since,
            "to": until,
            "records": history.progress.read,
            "events": history.progress.events,
            "counts": history.counts,
            "tables": history.tables,
        }

    def tell(self, outcome: dict[str, Any]) -> None:
        name, seconds = outcome["group"], outcome["seconds"]
        if "generation" in outcome:
            self.stdout.write(
                f"{name}: generation {outcome['generation']} is live, {outcome['events']} events from"
                f" {outcome['records']} records in {seconds} s"
            )
        elif "tables" in outcome:
            for table, rows in outcome["tables"].items():
                self.stdout.write(f"{table}: {outcome['counts'][table]} rows")
                for row in rows:
                    self.stdout.write("  " + ", ".join(f"{column}={value}" for column, value in row.items()))
            self.stdout.write(f"{name}: {outcome['events']} events in {seconds} s; nothing was changed")
        else:
            for one in outcome["differences"]:
                self.stdout.write(one)
            self.stdout.write(f"{name}: {len(outcome['differences']) or 'no'} differences in {seconds} s")


def rebuilt(group: Group, progress: Progress) -> dict[str, Any]:
    return {
        "group": group.name,
        "generation": live_number(group.name),
        "records": progress.read,
        "events": progress.events,
    }


class Shown:
    """Progress with its rate: a bar for each group on a terminal, elsewhere a line a second. Threads may report."""

    def __init__(self, out: Any, *, quiet: bool) -> None:
        self.out = out
        self.quiet = quiet
        self.at = time.monotonic()
        self.bar: Bar | None = None
        self.tasks: dict[str, TaskID] = {}
        if not quiet and out.isatty():
            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self.bar = Bar(*columns, console=Console(file=out), transient=True)

    def __enter__(self) -> Shown:
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def report(self, progress: Progress, name: str = "") -> None:
        text = f"{name} {progress.read} of {progress.total} records, {progress.rate:.0f} a second".lstrip()
        if self.bar:
            if name not in self.tasks:
                self.tasks[name] = self.bar.add_task("", total=None)
            self.bar.update(self.tasks[name], total=progress.total, completed=progress.read, description=text)
        elif not self.quiet and time.monotonic() - self.at >= 1:
            self.at = time.monotonic()
            self.out.write(text)
