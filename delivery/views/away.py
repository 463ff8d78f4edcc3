"""How far the courier of an order is, for its customer: where they were last seen, and the minutes from there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from delivery.models import Assignment
from orders.city import distance_metres, the_city
from orders.models import Order, Status


@dataclass(frozen=True, slots=True)
class Away:
    """`minutes` of city time to the next place of this order, the ride alone; `stops_before` other doors come first."""

    latitude: float
    longitude: float
    minutes: int
    to_door: bool
    arrived: bool
    stops_before: int

    @property
    def place(self) -> str:
        """As an attribute of the map."""
        return f"{self.latitude:.5f},{self.longitude:.5f}"


def away(order: Order) -> Away | None:
    """None while no courier has taken the order, and again once it has ended."""
    if order.is_final:
        return None
    active = Assignment.objects.filter(state=Assignment.State.ACTIVE)
    job = active.filter(order=order).select_related("courier").first()
    if job is None:
        return None
    to_door = order.status == Status.PICKED_UP
    target = order.address if to_door else order.restaurant
    city, courier = the_city(), job.courier
    metres = distance_metres(
        (courier.latitude, courier.longitude), (target.latitude, target.longitude), origin_latitude=city.latitude
    )
    earlier = active.filter(courier=courier, order__status=Status.PICKED_UP, offer=job.offer_id, door__lt=job.door)
    return Away(
        latitude=courier.latitude,
        longitude=courier.longitude,
        minutes=max(1, math.ceil(metres / city.metres_per_minute)),
        to_door=to_door,
        arrived=bool(job.at_customer_at if to_door else job.at_restaurant_at),
        stops_before=earlier.count() if to_door else 0,
    )
