"""`manage.py seed`: a city to play in, and its clock."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.seeding.seed import seed
from simulator.city import build_city
from simulator.instance import InstanceError, read_instance


class Command(BaseCommand):
    help = "Fill the database with a city (once) and start its clock, or take the clock up where it stopped."
    # A warm start should be quick, and this command uses no page.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        city = parser.add_mutually_exclusive_group()
        city.add_argument("--city", action="store_true", help="the built-in city (the default)")
        city.add_argument("--instance", type=Path, metavar="DIR", help="the city of a meal-delivery instance")
        parser.add_argument("--seed", type=int, default=1, help="of the built-in city's random choices (1)")
        parser.add_argument("--speed", type=float, help="city seconds per second (1 at first; else as it was)")
        parser.add_argument(
            "--at", type=datetime.fromisoformat, metavar="TIME", help="city time to set it to, ISO 8601"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        speed: float | None = options["speed"]
        if speed is not None and not 0 < speed < 100_000:
            raise CommandError("--speed must be more than 0 (and less than 100000)")
        at: datetime | None = options["at"]
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        try:
            plan = read_instance(options["instance"]) if options["instance"] else build_city(options["seed"])
        except InstanceError as error:
            raise CommandError(str(error)) from error
        done = seed(plan, speed=speed, at=at)
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(done), default=datetime.isoformat))
            return
        self.stdout.write(
            f"{done.city}: {done.restaurants} restaurants, {done.couriers} couriers, {done.customers} customers"
            f" ({'written' if done.fresh else 'stood already'}); it is {done.now:%a %H:%M} there, speed {done.speed:g}"
        )
