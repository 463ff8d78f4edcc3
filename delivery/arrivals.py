"""Geofences: a courier's position near the counter or the door becomes a fact of the order, once.

Positions may be lost, an arrival may not: it is written in the order's own stream, in the transaction that stores how
far the positions are read. So a batch that comes again finds it done, and a crash leaves neither or both.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

from orders.city import METRES_PER_DEGREE, city_now, the_city
from orders.events import OrderEvent
from orders.lifecycle import SYSTEM, lock_order, record
from orders.models import Status

from .events import CourierAtCustomer, CourierAtRestaurant, CourierMoved
from .models import Assignment

#: Metres around the place within which a courier counts as there: phones err by some tens.
FENCE = 60.0

#: Orders in whose next place's fence a courier was seen, where no arrival is known yet.
NEAR = f"""
    WITH heard AS (
        SELECT * FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS heard (courier_id, latitude, longitude)
    ), under_way AS (
        SELECT job.id, job.order_id, job.courier_id, orders.status,
            CASE WHEN orders.status = 'picked_up' THEN door.latitude ELSE counter.latitude END AS latitude,
            CASE WHEN orders.status = 'picked_up' THEN door.longitude ELSE counter.longitude END AS longitude
        FROM delivery_assignment job
        JOIN orders_order orders ON orders.id = job.order_id
        JOIN orders_restaurant counter ON counter.id = orders.restaurant_id
        JOIN accounts_address door ON door.id = orders.address_id
        WHERE job.state = 'active' AND job.courier_id = ANY(%s)
            AND ((orders.status IN ('accepted', 'ready') AND job.at_restaurant_at IS NULL)
                OR (orders.status = 'picked_up' AND job.at_customer_at IS NULL))
    )
    SELECT DISTINCT under_way.order_id, under_way.id, under_way.courier_id, under_way.status = 'picked_up'
    FROM under_way JOIN heard ON heard.courier_id = under_way.courier_id
    WHERE sqrt(((heard.latitude - under_way.latitude) * {METRES_PER_DEGREE}) ^ 2
        + ((heard.longitude - under_way.longitude) * {METRES_PER_DEGREE} * cos(radians(%s))) ^ 2) <= %s
    ORDER BY under_way.order_id
"""


def note(moves: Sequence[CourierMoved]) -> int:
    """Record who has arrived, by the places of a batch; how many did. Call it in a transaction, before any lock."""
    if not moves:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            NEAR,
            [
                [move.courier_id for move in moves],
                [move.latitude for move in moves],
                [move.longitude for move in moves],
                list({move.courier_id for move in moves}),
                the_city().latitude,
                FENCE,
            ],
        )
        found = cursor.fetchall()
    return sum(
        _arrive(order_id, job=job, courier_id=courier, at_door=at_door) for order_id, job, courier, at_door in found
    )


def _arrive(order_id: uuid.UUID, *, job: int, courier_id: int, at_door: bool) -> bool:
    """Under the order's lock, which every change of its courier takes: is it still so, and not written yet?"""
    order = lock_order(order_id)
    allowed = {Status.PICKED_UP} if at_door else {Status.ACCEPTED, Status.READY}
    column = "at_customer_at" if at_door else "at_restaurant_at"
    if order.status not in allowed:
        return False
    at = city_now()
    unarrived = Assignment.objects.filter(pk=job, state=Assignment.State.ACTIVE, **{f"{column}__isnull": True})
    if unarrived.update(**{column: at}) != 1:
        return False
    event: type[OrderEvent] = CourierAtCustomer if at_door else CourierAtRestaurant
    record(order, event, by=SYSTEM, courier_id=courier_id, reason="geofence", at=at)
    return True
