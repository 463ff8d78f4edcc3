"""The market of every zone some times a second: orders that want a courier, and couriers who are free.

A tick is told on Kafka alone, as positions are: nobody needs the one that was lost, another comes in a quarter of a
second. One process ticks, the active sweeper; two at once would tell the same tick twice, which readers count once.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from messaging.stream import emit
from orders.pricing.ticks import PER_SECOND, PricingTick, number_at

#: Wall seconds between looks: a little less than a tick, for the sweeper looks at its duties ten times a second only.
#: Two looks within one tick are told twice and counted once.
EVERY = 0.8 / PER_SECOND

#: As `selectors.waiting` and `CourierQuerySet.free` say it, for all zones in one statement. An order counts once it is
#: paid: that its restaurant accepts it is a matter of minutes, and a courier is wanted then.
MARKET = """
    WITH demand AS (
        SELECT zone, count(*) AS orders FROM orders_order AS wanting
        WHERE status IN ('paid', 'accepted', 'ready') AND hold <> 'held' AND NOT EXISTS (
            SELECT FROM delivery_assignment WHERE order_id = wanting.id AND state IN ('offered', 'active', 'completed'))
        GROUP BY zone
    ), supply AS (
        SELECT courier.zone_id AS zone, count(*) AS couriers FROM delivery_courier AS courier
        WHERE courier.online
            AND EXISTS (SELECT FROM delivery_shift WHERE courier_id = courier.id AND ended_at IS NULL
                AND (until IS NULL OR until > city_now()))
            AND NOT EXISTS (SELECT FROM delivery_offer WHERE courier_id = courier.id AND state = 'open')
            AND courier.capacity > (SELECT count(*) FROM delivery_assignment
                WHERE courier_id = courier.id AND state IN ('offered', 'active'))
        GROUP BY courier.zone_id
    )
    SELECT zone.slug, coalesce(demand.orders, 0), coalesce(supply.couriers, 0), clock_timestamp()
    FROM delivery_zone AS zone
    LEFT JOIN demand ON demand.zone = zone.slug LEFT JOIN supply ON supply.zone = zone.slug
    ORDER BY zone.slug
"""


def market() -> list[tuple[PricingTick, datetime]]:
    """Each zone's tick of this moment, with its wall time by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(MARKET)
        return [
            (PricingTick(zone=zone, number=number_at(at), demand=demand, supply=supply), at)
            for zone, demand, supply, at in cursor.fetchall()
        ]


def tell_market() -> int:
    """Tell each zone's tick. Changes nothing, so the sweeper has nothing to tell of it."""
    for tick, at in market():
        emit(tick, key=tick.zone, at=at)
    return 0
