"""The database's own record: what everything else is compared with must itself be whole."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from .report import Violation


def history_is_whole() -> Iterator[Violation]:
    """Each order's history counts 1..version without a gap and ends in the order's status."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.id, o.version, o.status, count(h.id), coalesce(max(h.sequence), 0),
                   (array_agg(h.new_status ORDER BY h.sequence DESC))[1]
            FROM orders_order o LEFT JOIN orders_orderhistory h ON h.order_id = o.id
            GROUP BY o.id
            HAVING count(h.id) <> o.version OR coalesce(max(h.sequence), 0) <> o.version
                OR (array_agg(h.new_status ORDER BY h.sequence DESC))[1] IS DISTINCT FROM o.status
            """
        )
        for order, version, status, rows, last, told in cursor.fetchall():
            yield Violation(
                str(order), f"has version {version} and status {status}; its history {rows} rows up to {last}, {told}"
            )
