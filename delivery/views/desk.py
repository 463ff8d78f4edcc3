"""What a courier's page shows: the offer that waits, the jobs in hand, the next thing to press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F

from delivery.models import Assignment, Courier, Offer
from orders.city import CityNow, distance_metres, the_city
from orders.models import City, Order, Restaurant, Status


@dataclass(frozen=True, slots=True)
class Trip:
    """An order as a courier sees it; lengths in metres."""

    order: Order
    to_counter: float
    to_door: float


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """`seconds` is what is left of it on a wall clock, by the database's time."""

    offer: Offer
    trips: list[Trip]
    seconds: float
    of_seconds: float


@dataclass(frozen=True, slots=True)
class Desk:
    courier: Courier
    offer: OpenOffer | None
    jobs: list[Trip]
    places: list[tuple[str, str]]


def desk_of(courier: Courier) -> Desk:
    city = the_city()
    jobs = [_trip(order, courier, city) for order in _orders(courier, state=Assignment.State.ACTIVE)]
    places = [] if courier.online else _places(courier)
    return Desk(courier=courier, offer=_open_offer(courier, city), jobs=jobs, places=places)


def _open_offer(courier: Courier, city: City) -> OpenOffer | None:
    left = ExpressionWrapper(F("deadline") - CityNow(), output_field=DurationField())
    offer = Offer.objects.filter(courier=courier, state=Offer.State.OPEN).annotate(left=left).first()
    # One that has run out stays open until the sweeper's next second, but can be answered no more.
    if offer is None or offer.left <= timedelta(0):
        return None
    trips = [_trip(order, courier, city) for order in _orders(courier, state=Assignment.State.OFFERED)]
    whole = (offer.deadline - offer.made_at).total_seconds() / city.speed
    return OpenOffer(offer, trips, seconds=offer.left.total_seconds() / city.speed, of_seconds=whole)


def _orders(courier: Courier, *, state: Assignment.State) -> list[Order]:
    held = Order.objects.filter(assignments__courier=courier, assignments__state=state)
    return list(held.select_related("restaurant", "address").order_by("accepted_at"))


def _trip(order: Order, courier: Courier, city: City) -> Trip:
    here = (courier.latitude, courier.longitude)
    counter = (order.restaurant.latitude, order.restaurant.longitude)
    door = (order.address.latitude, order.address.longitude)
    origin = city.latitude
    start = here if order.status == Status.PICKED_UP else counter
    return Trip(
        order=order,
        to_counter=distance_metres(here, counter, origin_latitude=origin),
        to_door=distance_metres(start, door, origin_latitude=origin),
    )


def _places(courier: Courier) -> list[tuple[str, str]]:
    """Where a shift can begin: the last known position, or before a restaurant of the courier's zone."""
    last = (f"{courier.latitude},{courier.longitude}", "Where I was last")
    shops = Restaurant.objects.filter(zone=courier.zone_id).order_by("name")[:20]
    return [last, *((f"{shop.latitude},{shop.longitude}", f"At {shop.name}") for shop in shops)]
