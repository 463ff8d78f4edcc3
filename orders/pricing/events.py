"""Facts of delivery fees, on `pricing.fees`: key = zone (sequence = its fare's version) or quote (one fact each)."""

from __future__ import annotations

from datetime import datetime

from messaging.envelope import Event, event_type

TOPIC = "pricing.fees"


@event_type("fare.changed", topic=TOPIC)
class FareChanged(Event, frozen=True, kw_only=True):
    """A zone's surcharge, or the bounds it is kept in, changed. Minor units, added to a restaurant's usual fee.

    `pressure` is orders that wait for each courier free, smoothed; `reason` is demand, bounds or silence.
    """

    zone: str
    version: int
    surcharge: int
    lowest: int
    highest: int
    pressure: float
    reason: str


@event_type("fee.quoted", topic=TOPIC)
class FeeQuoted(Event, frozen=True, kw_only=True):
    """A fee was shown, and is charged as shown until `valid_until` (wall time). Minor units.

    `fare_version` is the zone's fare it was made from, 0 where none was set; the bounds are that fare's.
    """

    quote_id: str
    restaurant_id: int
    zone: str
    fare_version: int
    usual: int
    fee: int
    lowest: int
    highest: int
    valid_until: datetime
