"""The group `compliance`: fares, quotes, charges and takings as they are told, and the span of each zone's market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from messaging.consuming.adding import Row, add_rows
from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import OrderPlaced
from orders.payments.events import PaymentCaptured
from orders.pricing.events import FareChanged, FeeQuoted
from orders.pricing.ticks import samples, time_of

from .models import ChargeRecord, FareRecord, QuoteRecord, TakenRecord

GROUP = "compliance"
#: Minutes of a zone's own time for which its market's span is kept.
KEPT = 24 * 60

#: Least and most take a repeated or late tick as often as it comes.
SPANS = """
    INSERT INTO analytics_marketspan AS old (generation, zone, minute, least_demand, most_demand, least_supply,
        most_supply)
    SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (generation, zone, minute) DO UPDATE SET
        least_demand = least(old.least_demand, EXCLUDED.least_demand),
        most_demand = greatest(old.most_demand, EXCLUDED.most_demand),
        least_supply = least(old.least_supply, EXCLUDED.least_supply),
        most_supply = greatest(old.most_supply, EXCLUDED.most_supply)
"""
FORGET = """
    DELETE FROM analytics_marketspan AS old USING (
        SELECT zone, max(minute) AS newest FROM analytics_marketspan
        WHERE generation = %s AND zone = ANY(%s::text[]) GROUP BY zone
    ) AS head WHERE old.generation = %s AND old.zone = head.zone AND old.minute <= head.newest - %s
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler."""
    rows: dict[type[Model], list[Row]] = {}
    for event in events:
        if (record := _record(event)) is not None:
            table, row = record
            rows.setdefault(table, []).append(row)
    for table, found in rows.items():
        add_rows(table, found, generation=generation)
    _span(events, generation)


def _record(event: Envelope) -> tuple[type[Model], Row] | None:
    """The table that an event is a record of, and the record."""
    at = event.recorded_at or event.time
    match event.data:
        case OrderPlaced() as order:
            return ChargeRecord, {
                "order_id": UUID(order.order_id),
                "restaurant_id": order.restaurant_id,
                "zone": order.zone[:60],
                "quote_id": UUID(order.quote_id) if order.quote_id else None,
                "fee": order.delivery_fee,
                "total": order.total,
                "at": at,
            }
        case PaymentCaptured() as payment:
            return TakenRecord, {"order_id": UUID(payment.order_id), "amount": payment.captured, "at": at}
        case FeeQuoted() as quote:
            return QuoteRecord, {
                "quote_id": UUID(quote.quote_id),
                "restaurant_id": quote.restaurant_id,
                "zone": quote.zone[:60],
                "fare_version": quote.fare_version,
                "usual": quote.usual,
                "fee": quote.fee,
                "lowest": quote.lowest,
                "highest": quote.highest,
                "shown_at": at,
                "valid_until": quote.valid_until,
            }
        case FareChanged() as fare:
            return FareRecord, {
                "zone": fare.zone[:60],
                "version": fare.version,
                "surcharge": fare.surcharge,
                "lowest": fare.lowest,
                "highest": fare.highest,
                "pressure": fare.pressure,
                "reason": fare.reason[:20],
                "at": at,
            }
    return None


def _span(events: Iterable[Envelope], generation: int) -> None:
    spans: dict[tuple[str, int], list[int]] = {}
    for zone, number, (demand, supply) in samples(events):
        place = (zone, minute_of(time_of(number)))
        known = spans.setdefault(place, [demand, demand, supply, supply])
        spans[place] = [min(known[0], demand), max(known[1], demand), min(known[2], supply), max(known[3], supply)]
    if not spans:
        return
    places = sorted(spans)
    columns: list[Any] = [plain(column) for column in zip(*(spans[place] for place in places), strict=True)]
    zones = texts(sorted({zone for zone, _ in places}))
    with connection.cursor() as cursor:
        cursor.execute(
            SPANS, [generation, texts([zone for zone, _ in places]), plain([minute for _, minute in places]), *columns]
        )
        cursor.execute(FORGET, [generation, zones, generation, KEPT])


def minute_of(moment: datetime) -> int:
    """Whole minutes since 1970."""
    return int(moment.timestamp() // 60)
