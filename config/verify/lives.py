"""Orders' lives as the dashboard holds them, folded from the history in SQL."""

from __future__ import annotations

#: The states in which an order has ended.
OVER = "new_status IN ('delivered', 'payment_failed', 'rejected', 'cancelled', 'undeliverable')"
#: Facts that end an order.
ENDS = f"type LIKE 'order.%%' AND {OVER}"
DELIVERED = "type = 'order.delivered'"
#: Why it ended before the door: of a failed payment the gateway's word.
REASON = (
    "left(coalesce(nullif(CASE type WHEN 'order.payment_failed' THEN payload ->> 'code'"
    " ELSE payload ->> 'reason' END, ''), 'no reason given'), 80)"
)


def last(value: str, where: str) -> str:
    """The value in the latest of an order's facts for which the condition holds."""
    return f"(array_agg({value} ORDER BY sequence DESC) FILTER (WHERE {where}))[1]"


def text(value: str, where: str) -> str:
    """The same of a text, whose absence is empty."""
    return f"coalesce({last(value, where)}, '')"


def milliseconds(seconds: str) -> str:
    return last(f"round(1000 * (payload ->> '{seconds}')::numeric)::bigint", DELIVERED)


#: Column → its value from the facts `applied` of one order.
VALUES = {
    "order_id": "order_id",
    "restaurant_id": "restaurant_id",
    "zone": "left(zone, 60)",
    "status": last("new_status", "true"),
    "sequence": "max(sequence)",
    "offers": "count(*) FILTER (WHERE type = 'offer.made')",
    "restaurant": text("left(payload ->> 'restaurant', 200)", "type = 'order.placed'"),
    "total": last("(payload ->> 'total')::bigint", "type = 'order.placed'"),
    "placed_at": last("at", "type = 'order.placed'"),
    "accepted_at": last("at", "type = 'order.accepted'"),
    "ready_by": last("(payload ->> 'ready_by')::timestamptz", "type = 'order.accepted'"),
    "ready_at": last("at", "type = 'order.ready'"),
    "picked_up_at": last("at", "type = 'order.picked_up'"),
    # Nobody is 0: a courier had it and gave it back.
    "courier_id": last(
        "CASE type WHEN 'courier.assigned' THEN (payload ->> 'courier_id')::bigint ELSE 0 END",
        "type IN ('courier.assigned', 'courier.released')",
    ),
    "assigned_at": last("at", "type = 'courier.assigned'"),
    "ended_at": last("at", ENDS),
    "ended_by": text("left(payload ->> 'by', 20)", ENDS),
    "reason": text(REASON, f"{ENDS} AND type <> 'order.delivered'"),
    "click_to_door_ms": milliseconds("click_to_door_seconds"),
    "ready_to_pickup_ms": milliseconds("ready_to_pickup_seconds"),
}
COLUMNS = ", ".join(VALUES)
FOLD = f"SELECT {', '.join(VALUES.values())} FROM applied GROUP BY 1, 2, 3"
