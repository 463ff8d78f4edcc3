"""Notices: each fact that somebody is to hear of has its rows, and what was promised was tried."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from messaging.names import full_topic
from notifications.kinds import KINDS
from notifications.models import Channel, Notice
from notifications.telling import TOLD

from .report import Violation

State = Notice.State

#: Channels that every account is promised by default. What cannot be sent on them has a row, too, that says why; push
#: is promised to people with a browser alone.
PROMISED = (Channel.INBOX, Channel.EMAIL)

#: Wall seconds that a notice may take to be sent, once everything else has arrived.
PATIENCE = 30.0

#: Committed facts that the group says it has applied, without the row that they must have. A group's rows and the
#: sequences it has applied commit together, so this holds on a running system, seen in one snapshot. What is older than
#: notices are kept proves nothing, and an account that was erased has none.
_UNTOLD = """
    WITH live AS (
        SELECT number FROM messaging_generation WHERE "group" = 'notifications' AND state = 'live'
    ), applied AS (
        SELECT topic, key, last_sequence FROM messaging_streamsequence
        WHERE "group" = 'notifications' AND generation = (SELECT number FROM live)
    ), facts AS (
        SELECT h.event_id, h.type, h.order_id FROM orders_orderhistory h
        JOIN applied a ON a.key = h.order_id::text AND h.sequence <= a.last_sequence
        WHERE a.topic = ANY(%(orders)s) AND h.recorded_at > now() - %(kept)s * interval '1 day'
        UNION ALL
        SELECT h.event_id, h.type, p.order_id FROM orders_paymenthistory h
        JOIN orders_payment p ON p.id = h.payment_id
        JOIN applied a ON a.key = h.payment_id::text AND h.sequence <= a.last_sequence
        WHERE a.topic = ANY(%(payments)s) AND h.recorded_at > now() - %(kept)s * interval '1 day'
    ), due AS (
        SELECT f.event_id, f.type, f.order_id, o.customer_id, t.channel
        FROM facts f JOIN unnest(%(types)s::text[], %(channels)s::text[]) AS t (type, channel) ON t.type = f.type
        JOIN orders_order o ON o.id = f.order_id JOIN accounts_user u ON u.id = o.customer_id AND u.is_active
    )
    SELECT d.order_id, d.type, d.channel, d.event_id FROM due d
    LEFT JOIN notifications_notice n
        ON n.event_id = d.event_id AND n.recipient_id = d.customer_id AND n.channel = d.channel
    WHERE n.id IS NULL LIMIT 100
"""


def facts_are_told() -> Iterator[Violation]:
    """Each fact that its customer is to hear of has one row a channel; the unique index forbids a second."""
    due = [
        (event.type, channel)
        for event, (kind, _) in TOLD.items()
        for channel in PROMISED
        if channel in KINDS[kind].defaults
    ]
    values: dict[str, Any] = {
        "orders": _names("orders.events"),
        "payments": _names("payments.transactions"),
        "types": [kind for kind, _ in due],
        "channels": [str(channel) for _, channel in due],
        "kept": settings.NOTICE_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, values)
        for order, kind, channel, event in cursor.fetchall():
            yield Violation(str(order), f"{kind} ({event}) has no notice by {channel}")


def notices_are_tried() -> Iterator[Violation]:
    """Each promised notice was tried at least once, and is sent or says why it is not."""
    deadline = time.monotonic() + PATIENCE
    waiting = Notice.objects.filter(state__in=[State.QUEUED, State.SENDING])
    # What a worker is sending at this moment is no violation.
    while waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    for notice in waiting.order_by("pk")[:100]:
        why = notice.reason or "never tried"
        yield Violation(f"notice {notice.pk}", f"is {notice.state} after {notice.attempts} attempts: {why}")
    for notice in Notice.objects.filter(state__in=[State.SENT, State.FAILED], attempts=0)[:100]:
        yield Violation(f"notice {notice.pk}", f"is {notice.state}, and was never tried")


def _names(topic: str) -> list[str]:
    return [topic, full_topic(topic)]
