"""What follows from the compliance group's records: a verdict on each order's fee, and one on each fare."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

#: A quote is looked at a moment before its order is written.
GRACE = timedelta(seconds=30)
#: Wall time that the numbers cover, and that violations are looked for in.
NUMBERS, VIOLATIONS, EVER = timedelta(days=1), timedelta(days=7), timedelta(days=36_500)

#: What each verdict says to people. All but the first four are violations.
VERDICTS = {
    "kept": "charged as shown, within the bounds",
    "unquoted": "ordered by a program that asked for no quote: its total was agreed",
    "quote_unknown": "its quote has not been told yet",
    "fare_unknown": "the fare of its quote has not been told yet",
    "other_restaurant": "the quote is another restaurant's",
    "other_fee": "the fee charged is not the fee shown",
    "expired": "charged after the quote had ended",
    "out_of_bounds": "the fee shown is outside the bounds",
    "not_the_fare": "the fee shown is not what the zone's fare says",
    "other_amount": "the money taken is not the order's total",
}
FINE = ("kept", "unquoted", "quote_unknown", "fare_unknown")

LIVE = "(SELECT number FROM messaging_generation WHERE \"group\" = 'compliance' AND state = 'live')"
JUDGED = f"""
    SELECT charge.order_id, charge.zone, charge.at, charge.fee, quote.fee AS shown, quote.usual, quote.lowest,
        quote.highest, taken.amount, charge.total,
        CASE WHEN charge.quote_id IS NULL THEN 'unquoted'
            WHEN quote.quote_id IS NULL THEN 'quote_unknown'
            WHEN quote.restaurant_id <> charge.restaurant_id THEN 'other_restaurant'
            WHEN quote.fee <> charge.fee THEN 'other_fee'
            WHEN charge.at > quote.valid_until + %s * interval '1 second' THEN 'expired'
            WHEN quote.fee NOT BETWEEN quote.usual + quote.lowest AND quote.usual + quote.highest THEN 'out_of_bounds'
            WHEN quote.fare_version = 0 AND quote.fee <> quote.usual + quote.lowest THEN 'not_the_fare'
            WHEN quote.fare_version > 0 AND fare.version IS NULL THEN 'fare_unknown'
            WHEN quote.fare_version > 0 AND (fare.surcharge, fare.lowest, fare.highest)
                <> (quote.fee - quote.usual, quote.lowest, quote.highest) THEN 'not_the_fare'
            WHEN taken.amount <> charge.total THEN 'other_amount'
            ELSE 'kept' END AS verdict
    FROM analytics_chargerecord charge
    LEFT JOIN analytics_quoterecord quote ON quote.generation = charge.generation AND quote.quote_id = charge.quote_id
    LEFT JOIN analytics_farerecord fare ON fare.generation = charge.generation AND fare.zone = quote.zone
        AND fare.version = quote.fare_version
    LEFT JOIN analytics_takenrecord taken
        ON taken.generation = charge.generation AND taken.order_id = charge.order_id
    WHERE charge.generation = {LIVE} AND charge.at > now() - %s * interval '1 second'
"""
#: Minutes of ticks that a surcharge stands on, and pressure up to which there is none: what pricing promises.
STANDS_ON, CALM = 3, 1.0
FARES = f"""
    SELECT zone, version, at, surcharge, lowest, highest, pressure, reason,
        (SELECT max(most_demand::float / (least_supply + 1)) FROM analytics_marketspan span
            WHERE span.generation = fare.generation AND span.zone = fare.zone
            AND span.minute BETWEEN floor(extract(epoch FROM fare.at) / 60) - {STANDS_ON}
                AND floor(extract(epoch FROM fare.at) / 60)) AS most
    FROM analytics_farerecord fare WHERE generation = {LIVE} AND at > now() - %s * interval '1 second'
"""


@dataclass(frozen=True, slots=True)
class Charge:
    """An order's fee as it was charged and shown, minor units; `taken` None until the money was taken."""

    order_id: uuid.UUID
    zone: str
    at: datetime
    fee: int
    shown: int | None
    usual: int | None
    lowest: int | None
    highest: int | None
    taken: int | None
    total: int
    verdict: str

    @property
    def words(self) -> str:
        return VERDICTS[self.verdict]

    @property
    def fine(self) -> bool:
        return self.verdict in FINE

    @property
    def number(self) -> str:
        return self.order_id.hex[:8].upper()


@dataclass(frozen=True, slots=True)
class Fare:
    """A fare as it was set, minor units; `most` is the highest pressure that its minutes' ticks allow, where kept."""

    zone: str
    version: int
    at: datetime
    surcharge: int
    lowest: int
    highest: int
    pressure: float
    reason: str
    most: float | None

    @property
    def trouble(self) -> str:
        """What is wrong with it, in words; empty where nothing is."""
        if not self.lowest <= self.surcharge <= self.highest:
            return "outside its bounds"
        if self.reason == "demand" and self.surcharge > self.lowest and self.most is not None and self.most <= CALM:
            return "raised, and the ticks show no more orders than couriers"
        return ""


def charges(*, limit: int = 30) -> list[Charge]:
    """The latest orders."""
    return [Charge(*row) for row in _rows(f"{JUDGED} ORDER BY charge.at DESC LIMIT {int(limit)}", NUMBERS)]


def violations(*, limit: int = 100) -> list[Charge]:
    """Orders of the last week whose fee was not as it should be, latest first."""
    named = ", ".join(f"'{name}'" for name in FINE)
    statement = f"SELECT * FROM ({JUDGED}) AS judged WHERE verdict NOT IN ({named}) ORDER BY at DESC LIMIT {int(limit)}"
    return [Charge(*row) for row in _rows(statement, VIOLATIONS)]


def doubtful() -> list[Charge]:
    """Every order, of whatever age, whose fee is not as it should be or names what is not known, oldest first."""
    statement = f"SELECT * FROM ({JUDGED}) AS judged WHERE verdict NOT IN ('kept', 'unquoted') ORDER BY at, order_id"
    return [Charge(*row) for row in _rows(statement, EVER)]


def numbers() -> dict[str, int]:
    """Orders of the last day by verdict."""
    return dict(_rows(f"SELECT verdict, count(*) FROM ({JUDGED}) AS judged GROUP BY verdict", NUMBERS))


def fares(*, limit: int = 30) -> list[Fare]:
    """The latest fares."""
    with connection.cursor() as cursor:
        cursor.execute(f"{FARES} ORDER BY at DESC, version DESC LIMIT {int(limit)}", [NUMBERS.total_seconds()])
        return [Fare(*row) for row in cursor.fetchall()]


def _rows(statement: str, span: timedelta) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [GRACE.total_seconds(), span.total_seconds()])
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
