"""`manage.py events`: the catalogue of events, as documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging.catalogue import asyncapi, markdown

INTRODUCTION = """\
# Events

Every committed status change is published to Apache Kafka as a [CloudEvents 1.0](https://cloudevents.io) record in
binary mode: context attributes are record headers (`ce_id`, `ce_type`, `ce_subject`, `ce_sequence`, `ce_time`,
`ce_recordedat`, `traceparent`), and the value is the data alone, as JSON.

- **Key and sequence.** The record's key is the id of the owning row (an order, a payment, a courier, a restaurant, a
  zone's fare, a quote), and `ce_sequence` counts its changes from 1 without a gap. A reader that has applied *n* of a
  key ignores anything up to *n* and waits for *n + 1*: repeats are harmless and a loss would be seen. In any topic,
  `stream.skipped` stands for a fact that could not be sent and was discarded by a person: count it and go on.
- **Stream traffic** (`couriers.positions`, `behaviour.events`, `pricing.ticks`, `notices.events`) is the exception:
  sent straight to Kafka and lost while it is away, without a sequence, its times the wall time at which the server
  received it. Readers take the latest, or tell a repeat by what it says: a tick by its zone and number.
- **Times.** `ce_time` and every time in the data are *city time*, which a demo may run fast; `ce_recordedat` is the
  wall time of the transaction. Durations are city seconds. A quote's `valid_until` is wall time.
- **Amounts** are integers in minor units of the currency named beside them.
- **No person's data**: ids only, so that events can be kept for ever and an erasure touches none of them. Where a
  courier is, by number, is kept for a day at most.
- **Readers.** The groups named with each topic are those of this program; a group that takes only some types says so in
  its room's `groups.py`. Pages that follow a topic without a group are not named.
- **Change.** Fields are added with a default and never renamed or removed; readers ignore what they do not know, and
  an unknown type advances silently. `tests/messaging/golden/` holds one recorded example of each type that must be
  readable for ever.

This page and `docs/asyncapi.json` are written by `python manage.py events --write` from the classes that the rooms
declare (`orders/events.py`, `orders/restaurant_events.py`, `orders/payments/events.py`, `orders/pricing/events.py`,
`orders/pricing/ticks.py`, `delivery/events.py`, `notifications/events.py`, `analytics/behaviour/events.py`), from
`messaging/topology.py` and from the groups; a test fails when they are out of date.
"""


class Command(BaseCommand):
    help = "Print the catalogue of events, or write docs/events.md and docs/asyncapi.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the AsyncAPI document")
        parser.add_argument("--write", action="store_true", help="write both documents into docs/")
        parser.add_argument("--check", action="store_true", help="fail when the documents in docs/ are out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        documents = {Path("docs/events.md"): page(), Path("docs/asyncapi.json"): asyncapi_text()}
        if options["check"]:
            stale = [str(path) for path, text in documents.items() if not path.is_file() or path.read_text() != text]
            if stale:
                self.stderr.write(f"out of date: {', '.join(stale)}; run `python manage.py events --write`")
                sys.exit(1)
            return
        if options["write"]:
            for path, text in documents.items():
                path.write_text(text)
            return
        self.stdout.write(asyncapi_text() if options["json"] else page(), ending="")


def page() -> str:
    """docs/events.md, whole."""
    return f"{INTRODUCTION}\n{markdown()}"


def asyncapi_text() -> str:
    """docs/asyncapi.json, whole."""
    return json.dumps(asyncapi(), indent=2) + "\n"
