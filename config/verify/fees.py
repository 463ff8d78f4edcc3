"""The fee shown is the fee charged, order by order: by the orders' own rows, and by the compliance group's record.

Two ways to the same answer: the database holds an order to its quote by a foreign key, and the group has heard of both
from events alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import connection

from analytics.compliance.selectors import doubtful

from .report import Violation

#: Wall seconds in which a quote or a fare that an order names may still be told to the group: topics keep no order.
PATIENCE = 5.0

MISCHARGED = """
    SELECT o.id, o.delivery_fee, q.fee, coalesce(o.restaurant_id = q.restaurant_id, false)
    FROM orders_order o LEFT JOIN orders_quote q ON q.id = o.quote_id
    WHERE o.quote_id IS NOT NULL
        AND (q.id IS NULL OR o.delivery_fee <> q.fee OR o.restaurant_id <> q.restaurant_id)
"""


def fee_shown_was_charged() -> Iterator[Violation]:
    """Each order's fee is that of the quote it names."""
    with connection.cursor() as cursor:
        cursor.execute(MISCHARGED)
        rows = cursor.fetchall()
    for order, fee, shown, same in rows:
        if shown is None:
            yield Violation(str(order), f"was charged a fee of {fee}, and names a quote that is not there")
        else:
            whose = "" if same else " by another restaurant"
            yield Violation(str(order), f"was charged a fee of {fee}; {shown} was shown{whose}")


def fees_by_the_record() -> Iterator[Violation]:
    """The record says the same of every order that the group has heard of, and knows what each names."""
    deadline = time.monotonic() + PATIENCE
    found = doubtful()
    while any(one.fine for one in found) and time.monotonic() < deadline:
        time.sleep(0.5)
        found = doubtful()
    for one in found:
        shown = "" if one.shown is None else f", {one.shown} shown"
        yield Violation(str(one.order_id), f"{one.words}: {one.fee} charged{shown}")
