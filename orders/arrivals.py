"""Whose courier stands at the counter, read from the orders' own history: delivery writes it there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from .models import Order, OrderHistory

#: The fact that delivery records when a courier comes near the restaurant.
ARRIVED = "courier.at_restaurant"


def couriers_here(orders: Iterable[Order]) -> set[uuid.UUID]:
    """Those of the orders whose present courier has come to the restaurant; one before them does not count."""
    couriers = {order.id: order.courier_id for order in orders if order.courier_id is not None}
    facts = OrderHistory.objects.filter(order__in=couriers, type=ARRIVED).values_list("order", "payload__courier_id")
    return {order for order, courier in facts if couriers[order] == courier}
