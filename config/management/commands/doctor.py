"""`manage.py doctor`: is this machine fit, and is the running system well?"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.doctor.machine import MACHINE
from config.doctor.report import Result, perform
from config.doctor.running import RUNNING, anything_up
from config.doctor.secret import SECRET
from config.embedded.stack import read_env

NOT_UP = "no stack is up"
HOW_TO_START = "Start one with `make demo` (or name yours in DATABASE_URL, …), then ask again."


class Command(BaseCommand):
    help = "Check this machine and the running system; name a fix for each fault. Exits 1 when there is one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        # The clients log each failed attempt; what matters is said once, with its fix.
        logging.disable(logging.CRITICAL)
        results = [perform(check) for check in (*MACHINE, SECRET)]
        if anything_up() or named_by_hand():
            results += [perform(check) for check in RUNNING]
        else:
            results += [Result(check.name, "skipped", NOT_UP, HOW_TO_START) for check in RUNNING]
        ok = all(result.state != "failed" for result in results)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "checks": [result.as_json() for result in results]}))
        else:
            self.show(results)
        if not ok:
            sys.exit(1)

    def show(self, results: list[Result]) -> None:
        for result in results:
            self.stdout.write(f"{result.state:<8} {result.name:<11} {result.found}")
            if result.state == "failed":
                self.stdout.write(f"{'':<21}{result.fix}")
        if any(result.state == "skipped" for result in results):
            self.stdout.write(f"The running system was not checked: {NOT_UP}. {HOW_TO_START}")


def named_by_hand() -> bool:
    """Whether the environment, not a demo's run.env, names a database: then silence is a fault, not a rest."""
    run_env = settings.FORKROAD_HOME / "run.env"
    noted = read_env(run_env).get("DATABASE_URL") if run_env.is_file() else None
    # Settings copy run.env into the environment.
    return os.environ.get("DATABASE_URL") not in (None, noted)
