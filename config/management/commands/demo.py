"""`manage.py demo`: the whole platform on this machine, on one simulated city."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded.demo import run
from config.embedded.parts import Options, parts


class Command(BaseCommand):
    help = "Run everything: PostgreSQL, Kafka, an SQS server, the platform's own processes and a simulated city."
    # The database is not there yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end after this long, judged")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        city = parser.add_mutually_exclusive_group()
        city.add_argument("--city", action="store_true", help="play the built-in city (the default)")
        city.add_argument("--instance", type=Path, metavar="DIR", help="replay a meal-delivery instance to its end")
        parser.add_argument("--speed", type=float, default=60, help="simulated seconds per second (60)")
        parser.add_argument("--seed", type=int, default=1, help="of every random choice the city makes (1)")
        parser.add_argument("--port", type=int, default=8000, help="of the pages (8000, another when it is taken)")
        parser.add_argument(
            "--without", action="append", default=[], metavar="PART", help="leave a part out, to run it by hand"
        )
        parser.add_argument("--no-simulator", action="store_true", help="the same as --without simulate")

    def handle(self, *args: Any, **options: Any) -> None:
        without = frozenset(options["without"]) | ({"simulate"} if options["no_simulator"] else frozenset())
        instance: Path | None = options["instance"]
        if instance is not None and not instance.is_dir():
            raise CommandError(f"{instance} is not a folder")
        if options["speed"] <= 0:
            raise CommandError("--speed must be more than 0")
        known = [part.name for part in parts(Options(port=0))]
        for name in without:
            if not Options(port=0, without=frozenset({name})).leaves_out_any(known):
                raise CommandError(f"there is no part {name}; there are: {', '.join(known)}")
        chosen = Options(
            port=options["port"],
            speed=options["speed"],
            seed=options["seed"],
            instance=instance.absolute() if instance else None,
            without=without,
        )
        code = run(chosen, seconds=options["seconds"], as_json=options["json"])
        if code:
            sys.exit(code)
