"""What the group `preparation` has counted, folded from the history in SQL."""

from __future__ import annotations

from .lives import OVER, last

#: Of each order with a payment: the moments that lengths are taken between.
MOMENTS = f"""
    SELECT order_id, restaurant_id,
        {last("at", "type = 'order.paid'")} AS paid_at,
        {last("at", "type = 'order.accepted'")} AS accepted_at,
        {last("(payload ->> 'ready_by')::timestamptz", "type = 'order.accepted'")} AS ready_by,
        min(at) FILTER (WHERE type = 'order.ready') AS ready_at,
        bool_or({OVER}) AS ended
    FROM applied GROUP BY 1, 2 HAVING bool_or(type = 'order.paid')
"""
COUNTS = "restaurant_id, kind, hour, bucket, orders"
FOLD_OF_COUNTS = f"""
    SELECT restaurant_id, kind, extract(hour FROM of_hour AT TIME ZONE 'UTC')::smallint,
        greatest(-120, least(600, floor(extract(epoch FROM length) / 30)))::smallint, count(*)
    FROM ({MOMENTS}) AS moments, LATERAL (VALUES
        ('confirm', accepted_at, accepted_at - paid_at),
        ('cook', accepted_at, ready_at - accepted_at),
        ('late', accepted_at, ready_at - ready_by)) AS taken (kind, of_hour, length)
    WHERE length IS NOT NULL GROUP BY 1, 2, 3, 4
"""
OPEN = "order_id, paid_at, accepted_at, ready_by"
FOLD_OF_OPEN = f"""
    SELECT order_id, paid_at, accepted_at, ready_by FROM ({MOMENTS}) AS moments
    WHERE NOT ended AND (accepted_at IS NULL OR ready_at IS NULL)
"""
