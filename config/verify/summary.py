"""The run in numbers, from the database and the read models."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from messaging.models import Generation, StoredOffset, TaskRun
from orders.models import FINAL, Order
from orders.payments.ledger import balances


def summary() -> dict[str, Any]:
    """Orders by status, offers by how they ended, events per consumer group, commands, and wall-clock latencies."""
    statuses = dict(Order.objects.values_list("status").annotate(Count("pk")).order_by())
    return {
        "orders": {
            "placed": sum(statuses.values()),
            **statuses,
            "unfinished": sum(count for status, count in statuses.items() if status not in FINAL),
        },
        "offers": _offers(),
        "events_per_group": _events_per_group(),
        "commands": dict(TaskRun.objects.values_list("outcome").annotate(Count("pk")).order_by()),
        "latency": {
            "placed_to_paid": _latency("order.placed", "order.paid"),
            "accepted_to_offer": _latency("order.accepted", "offer.made"),
            "captured_to_receipt": _receipts(),
        },
        "click_to_door_minutes": _click_to_door(),
        "ledger": {account.label: total for account, total in balances()},
    }


def _offers() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM delivery_offer GROUP BY state ORDER BY state")
        ended = dict(cursor.fetchall())
    return {"made": sum(ended.values()), **ended}


def _events_per_group() -> dict[str, int]:
    live = dict(Generation.objects.filter(state=Generation.State.LIVE).values_list("group", "number"))
    applied = StoredOffset.objects.values_list("group", "generation").annotate(Sum("events_applied")).order_by()
    return {group: count or 0 for group, generation, count in applied if live.get(group) == generation}


def _latency(first: str, then: str) -> dict[str, float | None]:
    """Median and 95th percentile, wall milliseconds, between two facts of an order: from commit to commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY wait)::numeric, 1),
                   round(1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY wait)::numeric, 1)
            FROM (
                SELECT extract(epoch FROM min(b.recorded_at) - min(a.recorded_at)) AS wait
                FROM orders_orderhistory a JOIN orders_orderhistory b USING (order_id)
                WHERE a.type = %s AND b.type = %s GROUP BY order_id
            ) AS waits
            """,
            [first, then],
        )
        median, high = cursor.fetchone()
    return {"p50_ms": median and float(median), "p95_ms": high and float(high)}


def _receipts() -> dict[str, float | None]:
    """Median and 95th percentile, wall milliseconds, from a capture's commit to the mail server's yes to its mail."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY wait)::numeric, 1),
                   round(1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY wait)::numeric, 1)
            FROM (
                SELECT extract(epoch FROM n.sent_at - h.recorded_at) AS wait
                FROM orders_paymenthistory h JOIN notifications_notice n USING (event_id)
                WHERE h.type = 'payment.captured' AND n.channel = 'email' AND n.state = 'sent'
            ) AS waits
            """
        )
        median, high = cursor.fetchone()
    return {"p50_ms": median and float(median), "p95_ms": high and float(high)}


def _click_to_door() -> dict[str, float | None]:
    """Mean and 90th percentile of delivered orders, city minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT avg(minutes), percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes)
            FROM (SELECT extract(epoch FROM delivered_at - placed_at) / 60 AS minutes
                  FROM orders_order WHERE status = 'delivered') AS doors
            """
        )
        mean, high = cursor.fetchone()
    return {"mean": mean and round(float(mean), 2), "p90": high and round(float(high), 2)}
