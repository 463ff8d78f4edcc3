"""From browsing and orders to the funnel's tables, one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import OrderDelivered, OrderEvent, OrderPlaced

from .events import BrowsingEvent, MenuSeen, PutIn, Searched, TakenOut

#: Columns of BrowsingHour and OrderHour by what happened.
BROWSED: dict[type[BrowsingEvent], int] = {Searched: 0, MenuSeen: 1, PutIn: 2, TakenOut: 3}
BROWSING = """
    INSERT INTO analytics_browsinghour AS old (generation, hour, restaurant_id, visitor, zone, searches, menus, put_in,
        taken_out)
    SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::int[], %s::int[],
        %s::int[])
    ON CONFLICT (generation, hour, restaurant_id, visitor) DO UPDATE SET searches = old.searches + EXCLUDED.searches,
        menus = old.menus + EXCLUDED.menus, put_in = old.put_in + EXCLUDED.put_in,
        taken_out = old.taken_out + EXCLUDED.taken_out
"""
ORDERS = """
    INSERT INTO analytics_orderhour AS old (generation, hour, restaurant_id, zone, placed, delivered)
    SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::int[], %s::int[])
    ON CONFLICT (generation, hour, restaurant_id) DO UPDATE SET placed = old.placed + EXCLUDED.placed,
        delivered = old.delivered + EXCLUDED.delivered
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Count them into the hour in which the server received or wrote them."""
    browsing: dict[tuple[datetime, int, str], list[int]] = {}
    zones: dict[tuple[datetime, int, str], str] = {}
    orders: dict[tuple[datetime, int], list[int]] = {}
    zone_of: dict[tuple[datetime, int], str] = {}
    for envelope in events:
        event = envelope.data
        hour = (envelope.recorded_at or envelope.time).replace(minute=0, second=0, microsecond=0)
        if isinstance(event, BrowsingEvent):
            seen = hour, getattr(event, "restaurant_id", 0), event.visitor[:40]
            browsing.setdefault(seen, [0, 0, 0, 0])[BROWSED[type(event)]] += 1
            zones.setdefault(seen, "" if isinstance(event, Searched) else getattr(event, "zone", "")[:60])
        elif isinstance(event, OrderEvent):
            at = hour, event.restaurant_id
            counts = orders.setdefault(at, [0, 0])
            counts[0] += isinstance(event, OrderPlaced)
            counts[1] += isinstance(event, OrderDelivered)
            zone_of.setdefault(at, event.zone[:60])
    with connection.cursor() as cursor:
        if browsing:
            keys = sorted(browsing)
            hours, restaurants, visitors = zip(*keys, strict=True)
            columns = [plain(hours), plain(restaurants), texts(visitors), texts([zones[key] for key in keys])]
            counted = [plain(column) for column in zip(*(browsing[key] for key in keys), strict=True)]
            cursor.execute(BROWSING, [generation, *columns, *counted])
        if orders:
            places = sorted(orders)
            hours, restaurants = zip(*places, strict=True)
            counted = [plain(column) for column in zip(*(orders[place] for place in places), strict=True)]
            columns = [plain(hours), plain(restaurants), texts([zone_of[place] for place in places])]
            cursor.execute(ORDERS, [generation, *columns, *counted])
