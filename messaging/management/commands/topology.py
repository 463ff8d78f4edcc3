from __future__ import annotations

import dataclasses
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from kafka.errors import KafkaError

from messaging import topology
from messaging.kafka import Unreachable
from messaging.republishing import CannotRepublish, republish


class Command(BaseCommand):
    help = "Create queues and topics, and correct those that differ from what messaging/topology.py declares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something differs")
        parser.add_argument(
            "--republish",
            metavar="TOPIC",
            help="afterwards owe this topic its whole history again, for one that was lost; stop the relay meanwhile",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"] and options["republish"]:
            raise CommandError("--check changes nothing: leave it out to republish")
        try:
            changes = topology.apply(change=not options["check"])
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"SQS: {error}. Is SQS_ENDPOINT_URL right, and the server running?") from error
        except (Unreachable, KafkaError) as error:
            raise CommandError(f"Kafka: {error}") from error
        try:
            republished = republish(options["republish"]) if options["republish"] else None
        except CannotRepublish as error:
            raise CommandError(str(error)) from error
        left = [change for change in changes if not change.applied]
        if options["json"]:
            said = {"ok": not left, "changes": [dataclasses.asdict(change) for change in changes]}
            self.stdout.write(json.dumps(said if republished is None else said | {"republished": republished}))
        else:
            for change in changes:
                self.stdout.write(
                    f"{'done' if change.applied else 'DIFFERS':8}{change.kind} {change.name}: {change.what}"
                )
            if not changes:
                self.stdout.write("queues and topics are as declared")
            if republished:
                self.stdout.write(f"{republished} events of {options['republish']} go out again: see the relay")
        if left:
            raise SystemExit(1)
