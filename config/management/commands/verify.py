"""`manage.py verify`: whether the running system keeps its four promises."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.verify.checks import run_checks
from config.verify.report import MOST_SHOWN, PROMISES, Result
from config.verify.settling import settle
from config.verify.summary import summary
from messaging.kafka import Unreachable


class Command(BaseCommand):
    help = "Check the four promises on the running system and name whatever breaks one. Exits 1 when something does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--wait",
            type=float,
            default=30.0,
            help="seconds that what is committed now may take to arrive (default 30)",
        )
        parser.add_argument("--final", action="store_true", help="demand that every accepted order has ended")
        parser.add_argument(
            "--accepted", type=Path, help="file of order ids, one a line, that a client got with success"
        )
        parser.add_argument("--no-replay", action="store_true", help="leave out the rebuilding of read models")

    def handle(self, *args: Any, **options: Any) -> None:
        results: list[Result] = []
        try:
            settled = settle(within=options["wait"], final=options["final"])
            for result in run_checks(
                final=options["final"], accepted_file=options["accepted"], replay=not options["no_replay"]
            ):
                results.append(result)
                if not options["json"]:
                    self._show(result)
        except Unreachable as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"cannot read the file of accepted orders: {error}") from error
        kept = all(result.kept for result in results)
        if options["json"]:
            document = {
                "ok": kept,
                "settled": settled,
                "checks": [result.as_json() for result in results],
                "summary": summary(),
            }
            self.stdout.write(json.dumps(document, default=str))
        else:
            self._conclude(results, settled=settled, waited=options["wait"])
        if not kept:
            sys.exit(1)

    def _show(self, result: Result) -> None:
        mark = self.style.SUCCESS("kept  ") if result.kept else self.style.ERROR("BROKEN")
        self.stdout.write(f"{mark} {result.check.promise:<15} {result.check.what} ({result.seconds:.1f} s)")
        for violation in result.violations[:MOST_SHOWN]:
            self.stdout.write(f"         {violation.subject} {violation.detail}")
        if len(result.violations) > MOST_SHOWN:
            self.stdout.write(f"         … and {len(result.violations) - MOST_SHOWN} more")

    def _conclude(self, results: list[Result], *, settled: bool, waited: float) -> None:
        broken = {result.check.promise for result in results if not result.kept}
        self.stdout.write("")
        for promise, text in PROMISES.items():
            mark = self.style.ERROR("broken") if promise in broken else self.style.SUCCESS("kept  ")
            self.stdout.write(f"{mark} {text}")
        if not settled:
            self.stdout.write(
                f"Something was still on its way after {waited:g} s: see `manage.py relay`, `manage.py consume` and"
                " their logs, or wait longer with --wait."
            )
