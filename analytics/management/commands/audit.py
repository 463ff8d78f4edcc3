"""`manage.py audit`: does the chain hold, who did what, and who could have changed it?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.audit.guard import CannotGuard, guard, powers
from analytics.audit.search import BadQuestion, Question, as_csv, as_json_lines, as_row, search
from analytics.audit.verify import ChainEnd, verify

#: Entries that `search` prints, unless told.
SHOWN = 50


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = (
        "The audit. `verify` walks every hash chain and names each changed, missing or reordered entry with topic,"
        " partition and offset (exits 1 on any); `search` and `export` say who did what to which order, when and why;"
        " `guard` takes the tables away from the application's database role."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        act = parser.add_subparsers(dest="act", required=True, metavar="verify|search|export|guard")
        checking = act.add_parser("verify", help="find what was changed, is missing or stands elsewhere")
        checking.add_argument("--generation", type=int, help="a retired one (default: the live one)")
        checking.add_argument(
            "--anchor",
            type=Path,
            help="an earlier `verify --json`, kept elsewhere: its ends must still be on the chains",
        )
        searching = act.add_parser("search", help="print the entries that answer, newest first")
        searching.add_argument("--limit", type=int, default=SHOWN, help=f"entries printed (default {SHOWN})")
        exporting = act.add_parser("export", help="write all entries that answer to standard output")
        exporting.add_argument("--format", choices=("jsonl", "csv"), default="jsonl")
        for one in (searching, exporting):
            one.add_argument("--order", default="", help="its id, or its number")
            one.add_argument("--actor", default="", help="a role, or role:account, such as operator or courier:7")
            one.add_argument("--type", default="", help="such as order.cancelled")
            one.add_argument(
                "--from", dest="since", default="", metavar="TIME", help="written at this wall time or later"
            )
            one.add_argument("--to", dest="until", default="", metavar="TIME", help="written by this wall time")
        guarding = act.add_parser(
            "guard", help="let a role add entries and do nothing else to them; run as a superuser"
        )
        guarding.add_argument("--role", help="the role the application signs in as")
        guarding.add_argument("--check", action="store_true", help="change nothing: say what the role could do")
        for one in (checking, searching, guarding):
            one.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        acts: dict[str, Callable[[dict[str, Any]], None]] = {
            "verify": self.verify,
            "search": self.search,
            "export": self.export,
            "guard": self.guard,
        }
        try:
            acts[options["act"]](options)
        except (BadQuestion, CannotGuard) as error:
            raise CommandError(str(error)) from error

    def verify(self, options: dict[str, Any]) -> None:
        verdict = verify(generation=options["generation"], anchors=_anchors(options["anchor"]))
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_json()))
        else:
            for head in verdict.heads:
                place = f"{head.topic}[{head.partition}]"
                self.stdout.write(f"{place}: {head.count} entries to offset {head.offset}, head {head.hash}")
            for finding in verdict.findings:
                self.stdout.write(str(finding))
        if verdict.findings:
            raise CommandError(
                f"the audit does not hold: {len(verdict.findings)} findings in {verdict.entries} entries"
            )
        if not options["json"]:
            self.stdout.write(f"{verdict.entries} entries, and every chain holds")

    def search(self, options: dict[str, Any]) -> None:
        for entry in search(_question(options))[: max(0, options["limit"])]:
            row = as_row(entry)
            if options["json"]:
                self.stdout.write(json.dumps(row))
                continue
            who = row["actor_role"] or "–"
            who += f" {row['actor_id']}" if row["actor_id"] is not None else ""
            why = f": {row['reason']}" if row["reason"] else ""
            place = f"{row['topic']}[{row['partition']}]@{row['offset']}"
            self.stdout.write(f"{row['recorded_at']}  {row['type']:<22} {row['key']}  by {who}{why}  ({place})")

    def export(self, options: dict[str, Any]) -> None:
        found = search(_question(options)).iterator(chunk_size=2000)
        lines = as_csv(found) if options["format"] == "csv" else as_json_lines(found)
        for line in lines:
            self.stdout.write(line, ending="")

    def guard(self, options: dict[str, Any]) -> None:
        role = options["role"]
        if not options["check"]:
            if not role:
                raise CommandError("say which role the application signs in as: --role NAME")
            guard(role)
        left = [power.what for power in powers(role)]
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not left, "powers": left}))
        else:
            for what in left:
                self.stdout.write(what)
        if left:
            raise CommandError("the role can still change the audit")
        if not options["json"]:
            self.stdout.write("the role can add entries, and cannot change or remove one")


def _question(options: dict[str, Any]) -> Question:
    return Question.of({name: options[name] for name in ("order", "actor", "type", "since", "until")})


def _anchors(path: Path | None) -> list[ChainEnd]:
    if path is None:
        return []
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
        return [ChainEnd(**head) for head in json.loads(text)["heads"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is no answer of `audit verify --json`: {error}") from error
