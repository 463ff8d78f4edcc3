"""`manage.py relay`: from the outbox to Kafka and SQS."""

from __future__ import annotations

import json
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.ready import mark_ready
from messaging.collecting import collect_rarely
from messaging.relay.kafka import EventSender
from messaging.relay.road import BATCH, IDLE_SECONDS, Road
from messaging.relay.sending import Sender


def command_sender() -> Sender:
    """The SQS road's sender; imported late, for a relay of events alone needs no AWS client."""
    from messaging.sqs.send import CommandSender

    sender: Sender = CommandSender()
    return sender


SENDERS: dict[str, Callable[[], Sender]] = {"kafka": EventSender, "sqs": command_sender}
#: Sessions that drain the road of events, each its own lanes: a session alone waits for acknowledgements more than it
#: works (docs/benchmarks.md, Relay).
SESSIONS = 2


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # It serves no page: the web part's checks must not keep it from starting.
    help = (
        "Send what committed transactions owe: events to Kafka, commands to SQS. Several may run; they share the lanes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--road", choices=sorted(SENDERS), help="only this road (default: both, side by side)")
        parser.add_argument("--once", action="store_true", help="send what is there, then exit; 1 when rows are left")
        parser.add_argument("--json", action="store_true", help="print a summary as one line of JSON at the end")
        parser.add_argument(
            "--idle-seconds",
            type=float,
            default=IDLE_SECONDS,
            help=f"silence after which PostgreSQL takes this relay's lanes away (default {IDLE_SECONDS:g})",
        )
        parser.add_argument("--batch", type=int, default=BATCH, help=f"rows in one batch (default {BATCH})")
        parser.add_argument(
            "--sessions",
            type=int,
            default=SESSIONS,
            help=f"sessions that share the lanes of events in this process (default {SESSIONS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        many = 1 if options["once"] else max(1, options["sessions"])
        roads = [
            Road(name, make_sender, idle_seconds=options["idle_seconds"], batch=options["batch"])
            for name, make_sender in SENDERS.items()
            for _ in range(many if name == "kafka" else 1)
            if options["road"] in (None, name)
        ]
        collect_rarely()
        left = {road.road: road.drain() for road in roads} if options["once"] else self.serve(roads)
        if options["json"]:
            counts = {name: [road.counts for road in roads if road.road == name] for name in SENDERS}
            summary = {
                name: {
                    "sent": sum(one.sent for one in sessions),
                    "failed": sum(one.failed for one in sessions),
                    "left": left.get(name),
                }
                for name, sessions in counts.items()
                if sessions
            }
            self.stdout.write(json.dumps(summary))
        if any(left.values()):
            raise CommandError("not everything could be sent: " + ", ".join(f"{n} {road}" for road, n in left.items()))

    def serve(self, roads: list[Road]) -> dict[str, int]:
        """Run until SIGTERM or Ctrl-C, a thread a road: a broker that is away stops its own road only."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        threads = [threading.Thread(target=road.run, args=(stop,), name=f"relay-{road.road}") for road in roads]
        for thread in threads:
            thread.start()
        for road in roads:
            while not road.settled_once.wait(0.2) and not stop.is_set():
                pass
        mark_ready()
        stop.wait()
        for thread in threads:
            thread.join()
        return {}
