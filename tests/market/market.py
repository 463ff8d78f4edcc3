"""Ticks for tests: a market as it might be, as records of the topic, and the three groups that read it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from messaging.consuming.group import Group, get_group
from messaging.envelope import Envelope, decode, encode_headers
from messaging.models import OutboxRow
from orders.pricing.ticks import PricingTick, number_at, time_of
from tests.messaging.streams import Record

READERS = ("pricing", "monitoring", "compliance")


def readers() -> list[Group]:
    return [get_group(name) for name in READERS]


def tick(zone: str, number: int, demand: int, supply: int) -> Record:
    """A tick as a record of the topic."""
    event = PricingTick(zone=zone, number=number, demand=demand, supply=supply)
    return Record(zone, None, event=event, time=time_of(number))


def a_market(
    seconds: float, *, zones: Sequence[str] = ("harbour", "old-town"), until: datetime | None = None, seed: int = 1
) -> list[Record]:
    """A calm market until a wall time (default: now), four ticks a second of each zone, in order."""
    dice, last = random.Random(seed), number_at(until or timezone.now())
    numbers = range(last - round(seconds * 4) + 1, last + 1)
    return [tick(zone, number, dice.randint(0, 3), dice.randint(2, 5)) for number in numbers for zone in zones]


def flat(zone: str, demand: int, supply: int, *, seconds: float, until: datetime | None = None) -> list[Record]:
    """A zone whose market stands still."""
    last = number_at(until or timezone.now())
    return [tick(zone, number, demand, supply) for number in range(last - round(seconds * 4) + 1, last + 1)]


def envelopes(records: Iterable[Record]) -> list[Envelope]:
    """Records as a handler is given them."""
    found = [decode(*record.parts()) for record in records]
    return [envelope for envelope in found if envelope is not None]


def owed() -> dict[str, list[Record]]:
    """Topic → what the relay would send to it now, in order; taken from the outbox."""
    found: dict[str, list[Record]] = {}
    for row in OutboxRow.objects.filter(road="kafka").order_by("pk"):
        headers = encode_headers(
            event_id=row.message_id,
            type=row.type,
            key=row.key,
            sequence=row.sequence,
            time=row.time,
            recorded_at=row.recorded_at,
        )
        found.setdefault(row.destination, []).append(
            Record(row.key, row.sequence, value=bytes(row.payload), headers=headers)
        )
        row.delete()
    return found


def rows(table: type[Model], generation: int) -> list[tuple[Any, ...]]:
    """All that a generation holds of a table, but for ids."""
    names = [field.attname for field in table._meta.concrete_fields if not field.primary_key]
    names.remove("generation")
    return sorted(table._default_manager.filter(generation=generation).values_list(*names), key=repr)


def model_of(group: Group, generation: int) -> dict[str, list[tuple[Any, ...]]]:
    return {table.__name__: rows(table, generation) for table in group.tables}


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)
