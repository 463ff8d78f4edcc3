"""From placed orders to baskets, and to counts of items and of pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.envelope import Envelope
from orders.events import OrderPlaced

#: Pairs grow with the square of the basket: of a larger one only the first items are paired.
PAIRED_ITEMS = 20

# The name of the later order wins, and of two at one moment the greater: the outcome must not depend on which
# partition was read first.
ITEMS = """
    INSERT INTO analytics_itemcount (generation, restaurant_id, item_id, name, named_at, orders)
    SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (generation, restaurant_id, item_id) DO UPDATE SET
        orders = analytics_itemcount.orders + EXCLUDED.orders,
        name = CASE WHEN (EXCLUDED.named_at, EXCLUDED.name COLLATE "C")
                > (analytics_itemcount.named_at, analytics_itemcount.name COLLATE "C")
            THEN EXCLUDED.name ELSE analytics_itemcount.name END,
        named_at = greatest(EXCLUDED.named_at, analytics_itemcount.named_at)
"""
PAIRS = """
    INSERT INTO analytics_paircount (generation, restaurant_id, item_id, other_id, orders)
    SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (generation, restaurant_id, item_id, other_id)
    DO UPDATE SET orders = analytics_paircount.orders + EXCLUDED.orders
"""


# An array of arrays is taken apart to its numbers by unnest: each basket comes as a text of its own.
BASKETS = """
    INSERT INTO analytics_placedbasket
        (generation, order_id, customer_id, restaurant_id, restaurant, zone, placed_at, items)
    SELECT %s, order_id, customer_id, restaurant_id, restaurant, zone, placed_at, items::bigint[]
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
        AS placed (order_id, customer_id, restaurant_id, restaurant, zone, placed_at, items)
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Keep and count the baskets of placed orders; an item counts once an order, whatever its quantity."""
    baskets: list[tuple[str, int, int, str, str, datetime, str]] = []
    items: Counter[tuple[int, int]] = Counter()
    names: dict[tuple[int, int], tuple[datetime, str]] = {}
    pairs: Counter[tuple[int, int, int]] = Counter()
    for envelope in events:
        placed = envelope.data
        if not isinstance(placed, OrderPlaced):
            continue
        basket = {line.item_id: line.name[:200] for line in placed.lines}
        baskets.append(
            (
                placed.order_id,
                placed.customer_id,
                placed.restaurant_id,
                placed.restaurant[:80],
                placed.zone[:60],
                envelope.time,
                plain(sorted(basket)),
            )
        )
        for item_id, name in basket.items():
            item = placed.restaurant_id, item_id
            items[item] += 1
            names[item] = max(names.get(item, (envelope.time, name)), (envelope.time, name))
        for one, other in permutations(sorted(basket)[:PAIRED_ITEMS], 2):
            pairs[placed.restaurant_id, one, other] += 1
    with connection.cursor() as cursor:
        if baskets:
            orders, customers, places, titles, zones, times, held = zip(*baskets, strict=True)
            columns = [texts(orders), plain(customers), plain(places), texts(titles), texts(zones), plain(times)]
            cursor.execute(BASKETS, [generation, *columns, texts(held)])
        if items:
            keys = sorted(items)
            restaurants, item_ids = zip(*keys, strict=True)
            at, named = zip(*(names[key] for key in keys), strict=True)
            numbers = plain([items[key] for key in keys])
            cursor.execute(ITEMS, [generation, plain(restaurants), plain(item_ids), texts(named), plain(at), numbers])
        if pairs:
            counted = [(*pair, n) for pair, n in sorted(pairs.items())]
            cursor.execute(PAIRS, [generation, *map(plain, zip(*counted, strict=True))])
