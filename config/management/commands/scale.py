"""`manage.py scale`: more workers while queues are deep or old, fewer when they are not."""

from __future__ import annotations

import os
import signal
import threading
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.embedded import paths
from config.embedded.parts import POOLS, worker
from config.embedded.ready import mark_ready
from config.scaling.pool import Pool
from config.scaling.rule import Rule
from config.scaling.scaler import Scaler


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # It serves no page: the web part's checks must not keep it from starting.
    help = (
        "Start further workers of a pool while messages wait, and stop them when none do. The first worker of each pool"
        " is run by somebody else and is never touched. One of these a machine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        least = Rule(most=1)
        parser.add_argument("--pool", action="append", choices=sorted(POOLS), help="only this pool; may be repeated")
        parser.add_argument(
            "--most", type=int, help="processes of a pool at most, the first included (default: its own)"
        )
        parser.add_argument(
            "--waiting",
            type=int,
            default=least.waiting,
            help=f"messages a worker above which another starts (default {least.waiting})",
        )
        parser.add_argument(
            "--age", type=float, default=least.age, help=f"or seconds that one has waited (default {least.age:g})"
        )
        parser.add_argument(
            "--quiet",
            type=float,
            default=least.quiet,
            help=f"seconds without any, to stop one (default {least.quiet:g})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pools, rules = [], {}
        for name in options["pool"] or sorted(POOLS):
            arguments, most = POOLS[name]
            pools.append(
                Pool(
                    name,
                    queues=arguments[arguments.index("-Q") + 1].split(","),
                    command=partial(worker, name),
                    home=settings.FORKROAD_HOME,
                    env=os.environ,
                    cwd=paths.CHECKOUT,
                )
            )
            rules[name] = Rule(
                most=options["most"] or most, waiting=options["waiting"], age=options["age"], quiet=options["quiet"]
            )
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        scaler = Scaler(pools, rules)
        mark_ready()
        scaler.run(stop)
