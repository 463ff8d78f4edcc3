"""`manage.py compare`: what is said of SQS and Kafka, tried on this installation's own."""

from __future__ import annotations

import json
import logging
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.comparison.brokers import BROKERS
from config.comparison.playing import CannotPlay, chosen, names, play_run
from config.comparison.telling import Teller
from messaging.comparison.keeping import AlreadyOpen, begin


class Command(BaseCommand):
    help = (
        "Try each thing that is said of SQS and of Kafka on this installation's own queue and topic, under names that"
        " are thrown away afterwards. Takes a minute or two. Exits 1 when something could not be shown."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only", nargs="+", metavar="NAME", default=[], help=f"of {', '.join(names())}, {BROKERS.name}"
        )
        parser.add_argument(
            "--brokers",
            type=int,
            choices=[1, 3],
            default=1,
            help="with 3, also start a cluster of three brokers and kill one (1 GiB more memory, half a minute)",
        )
        parser.add_argument("--quick", action="store_true", help="with fewer messages, as the page's button does")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = [statement.name for statement in chosen(options["only"])]
            if options["brokers"] > 1 and BROKERS.name not in wanted:
                wanted.append(BROKERS.name)
        except LookupError as error:
            raise CommandError(str(error)) from error
        # Clients whose topic or broker is taken away on purpose tell of each attempt to reach it.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        # As Ctrl-C does: what was made is removed on the way out.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            run = begin(wanted, quick=options["quick"])
            with Teller(wanted, out=self.stdout, quiet=options["json"]) as teller:
                results = play_run(run, report=teller.tell)
        except (AlreadyOpen, CannotPlay) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("broken off; what was made for it is removed")
            sys.exit(130)
        missing = [result.name for result in results if not result.shown]
        if options["json"]:
            document = {"ok": not missing, "quick": options["quick"], "results": [one.as_json() for one in results]}
            self.stdout.write(json.dumps(document))
        else:
            self.stdout.write(
                f"{len(results) - len(missing)} of {len(results)} statements were shown; see also /compare"
            )
        if missing:
            self.stderr.write(f"not shown: {', '.join(missing)}")
            sys.exit(1)
