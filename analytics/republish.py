"""Topics whose facts no other table keeps, from the audit: it holds each record as it was written.

What Kafka had and the audit had not read when the topic was lost is gone: its key is parked there, and told of.
"""

from __future__ import annotations

from django.db import connection, transaction

from messaging.consuming.positions import live_number
from messaging.republishing import owe_in_order, republishes

from .audit.verify import GROUP

FACTS = """
    SELECT row_number() OVER (ORDER BY partition, position) AS place, type, key, sequence, event_id, time,
        convert_to(payload, 'UTF8') AS payload, coalesce(recorded_at, time) AS recorded_at
    FROM analytics_auditentry WHERE generation = %s AND topic = %s
"""
FORGET = """
    DELETE FROM messaging_outboxrow WHERE road = 'kafka' AND destination = %s AND message_id IN (
        SELECT event_id FROM analytics_auditentry WHERE generation = %s AND topic = %s)
"""
WAITING = "SELECT id FROM messaging_outboxrow WHERE road = 'kafka' AND destination = %s ORDER BY id"
BEHIND = """
    UPDATE messaging_outboxrow AS old SET id = behind.id
    FROM (
        SELECT place, nextval(pg_get_serial_sequence('messaging_outboxrow', 'id')) AS id
        FROM unnest(%s::bigint[]) WITH ORDINALITY AS waiting (place, nth) ORDER BY nth
    ) AS behind WHERE old.id = behind.place
"""


@republishes("couriers.events")
def republish_couriers() -> int:
    """Owe every fact of every courier's shifts again."""
    return _from_the_audit("couriers.events")


@republishes("restaurants.events")
def republish_restaurants() -> int:
    """Owe every fact of every restaurant again."""
    return _from_the_audit("restaurants.events")


@transaction.atomic
def _from_the_audit(topic: str) -> int:
    """Owe what the audit holds; what was still owed and is not in it stays owed, and goes behind."""
    generation = live_number(GROUP)
    with connection.cursor() as cursor:
        # Whoever tells a fact locks the outbox before drawing an id: while we hold it, none below ours is open.
        cursor.execute("LOCK TABLE messaging_outboxrow IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(FORGET, [topic, generation, topic])
        cursor.execute(WAITING, [topic])
        waiting = [row for (row,) in cursor.fetchall()]
        owed = owe_in_order(topic, FACTS, values=[generation, topic])
        cursor.execute(BEHIND, [waiting])
        return owed
