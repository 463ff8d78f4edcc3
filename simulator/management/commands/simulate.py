"""`manage.py simulate`: plays a city through the HTTP API."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded.ready import mark_ready
from simulator.api import Unreachable
from simulator.city import build_city
from simulator.instance import InstanceError, read_instance
from simulator.plan import CityPlan
from simulator.play import OtherCity, Play
from simulator.tally import Tally


class Command(BaseCommand):
    help = (
        "Play customers, restaurants and couriers through the HTTP API, at the speed of the city's clock (which `seed` "
        "sets). The platform must run, seeded with the same city. Progress goes to standard error. Ends on Ctrl-C or "
        "SIGTERM, after --for, or with an instance's last order; exits 1 when orders stay unfinished or calls fail."
    )
    # The checks would load every page and model, and this command uses none of them.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        city = parser.add_mutually_exclusive_group()
        city.add_argument("--city", action="store_true", help="the built-in city (the default)")
        city.add_argument("--instance", type=Path, metavar="DIR", help="replay a meal-delivery instance to its end")
        parser.add_argument("--seed", type=int, default=1, help="of the city and of every choice made in it (1)")
        parser.add_argument("--rate", type=float, default=30, help="orders a city hour, over the day's mean (30)")
        parser.add_argument(
            "--crime", type=float, default=0.0, metavar="SHARE", help="frauds tried for each honest order (0: none)"
        )
        parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="stop placing orders then")
        parser.add_argument("--grace", type=float, metavar="SECONDS", help="for orders under way (150 city minutes)")
        parser.add_argument(
            "--url",
            default=os.environ.get("FORKROAD_URL", "http://127.0.0.1:8000"),
            help="of the platform (FORKROAD_URL, else http://127.0.0.1:8000)",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")
        parser.add_argument("--accepted", type=Path, metavar="FILE", help="append the id of every order answered 2xx")
        parser.add_argument(
            "--leave",
            action="append",
            metavar="ACCOUNT",
            help="an account that you play: a courier is left alone, a restaurant's orders wait for you at first "
            "(default: the built-in city's first of both; `none` for nobody)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["crime"] <= 1:
            raise CommandError("--crime must be from 0 to 1")
        if options["rate"] <= 0:
            raise CommandError("--rate must be more than 0")
        if options["seconds"] is not None and options["seconds"] < 0:
            raise CommandError("--for must not be negative")
        try:
            plan = read_instance(options["instance"]) if options["instance"] else build_city(options["seed"])
            accepted = options["accepted"].open("a") if options["accepted"] else None
        except (InstanceError, OSError) as error:
            raise CommandError(str(error)) from None
        tally = Tally(accepted)
        try:
            asyncio.run(self._run(plan, tally, _left_alone(plan, options["leave"]), options))
        except Unreachable as error:
            raise CommandError(f"{error}. Is the platform running (make demo), and at this --url?") from None
        except OtherCity as error:
            raise CommandError(str(error)) from None
        finally:
            if accepted is not None:
                accepted.close()
        self._print(tally, as_json=options["json"])
        if not tally.ok:
            sys.exit(1)

    async def _run(self, plan: CityPlan, tally: Tally, leave: frozenset[str], options: dict[str, Any]) -> None:
        play = Play(
            plan,
            tally,
            url=options["url"],
            seed=options["seed"],
            rate=options["rate"],
            crime=options["crime"],
            leave=leave,
            say=lambda line: self.stderr.write(line, self.style.NOTICE),
            ready=mark_ready,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, play.stopping.set)
        await play.run(seconds=options["seconds"], grace=options["grace"])

    def _print(self, tally: Tally, *, as_json: bool) -> None:
        summary = tally.summary()
        if as_json:
            self.stdout.write(json.dumps(summary))
            return
        for name, value in summary.items():
            shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
            self.stdout.write(f"{name:<24}{shown}")


def _left_alone(plan: CityPlan, named: list[str] | None) -> frozenset[str]:
    """Visitors of a demo get a courier and a restaurant of their own; an instance is nobody's playground."""
    couriers = {each.username for each in plan.couriers}
    restaurants = {each.username for each in plan.restaurants}
    if named is None:
        return frozenset() if plan.orders else frozenset({min(couriers), min(restaurants)})
    for name in named:
        if name != "none" and name not in couriers | restaurants:
            raise CommandError(f"--leave {name}: {plan.name} has no courier or restaurant of that account name")
    return frozenset(named)
