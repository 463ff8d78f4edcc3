"""The market of each zone some times a second, on `pricing.ticks`: key = zone, stream traffic, kept for a week."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from messaging.consuming.failures import Invalid
from messaging.consuming.slots import Sample
from messaging.envelope import Envelope, Event, event_type

TOPIC = "pricing.ticks"
#: Ticks of a zone in a wall second. A tick's number is the wall time in these, so two of one number are one tick.
PER_SECOND = 4
#: A tick's number and its record's time are of one clock; further apart, one of them is wrong.
APART = timedelta(seconds=60)


@event_type("pricing.ticked", topic=TOPIC)
class PricingTick(Event, frozen=True, kw_only=True):
    """Orders that want a courier and couriers who are free, at one moment: quarter-second `number` since 1970."""

    zone: str
    number: int
    demand: int
    supply: int


def number_at(moment: datetime) -> int:
    """The tick of a wall time."""
    return int(moment.timestamp() * PER_SECOND)


def time_of(number: int) -> datetime:
    """The wall time at which a tick begins."""
    return datetime.fromtimestamp(number / PER_SECOND, UTC)


def samples(events: Iterable[Envelope]) -> list[Sample]:
    """Ticks as readers count them: zone, number, and demand and supply.

    Raises:
        Invalid: a tick that no market can have.
    """
    found: list[Sample] = []
    for event in events:
        tick = event.data
        if isinstance(tick, PricingTick):
            if trouble := _trouble(tick, event):
                raise Invalid(event, trouble)
            found.append((tick.zone, tick.number, (tick.demand, tick.supply)))
    return found


def _trouble(tick: PricingTick, event: Envelope) -> str:
    if tick.zone != event.key or len(tick.zone) > 60:
        return f"a tick of zone {tick.zone[:60]!r} under the key {event.key[:60]!r}"
    if not (0 <= tick.demand < 2**31 and 0 <= tick.supply < 2**31):
        return "counts below zero, or beyond all reason"
    if not 0 <= tick.number < 10**12 or abs(time_of(tick.number) - event.time) > APART:
        return f"tick number {tick.number} is not of the record's time"
    return ""
