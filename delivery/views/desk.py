"""What a courier's page shows: the offer that waits, the jobs in hand, the next thing to press."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from delivery.models import Courier, Offer
from delivery.offers import TIMEOUTS_IN_A_ROW
from delivery.selectors import Desk, desk_of
from orders.city import city_now, distance_metres, the_city
from orders.models import City, Order, Restaurant, Status
from orders.payments.ledger import courier_earned


@dataclass(frozen=True, slots=True)
class Trip:
    """An order as a courier sees it; lengths in metres."""

    order: Order
    to_counter: float
    to_door: float


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """`seconds` is what is left of it on a wall clock, by the database's time.

    Its orders in the sequence of their doors: after the first, `to_door` counts from the door before.
    """

    offer: Offer
    trips: list[Trip]
    ready_by: datetime | None
    seconds: float
    of_seconds: float


@dataclass(frozen=True, slots=True)
class Page:
    """What `delivery.selectors.desk_of` finds, with what the page alone shows."""

    courier: Courier
    offer: OpenOffer | None
    jobs: list[Trip]
    places: list[tuple[str, str]]
    #: Whether it was unanswered offers that took them offline.
    timed_out: bool
    #: Minor units, by the ledger: today by the city's clock, and ever.
    earned_today: int
    earned: int


def page_of(courier: Courier) -> Page:
    city = the_city()
    desk = desk_of(courier)
    midnight = timezone.localtime(city_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return Page(
        courier=courier,
        offer=_open_offer(desk, city) if desk.offered else None,
        jobs=[_trip(job.order, courier, city) for job in desk.jobs],
        places=[] if courier.online else _places(courier),
        timed_out=not courier.online and _timed_out(courier),
        earned_today=courier_earned(courier.pk, since=midnight),
        earned=courier_earned(courier.pk),
    )


def _open_offer(desk: Desk, city: City) -> OpenOffer:
    offer = desk.offered[0].offer
    orders = [job.order for job in desk.offered]
    trips = [_trip(order, desk.courier, city) for order in orders]
    for before, (at, order) in zip(orders, enumerate(orders[1:], start=1), strict=False):
        trips[at] = replace(trips[at], to_door=_metres(_door(before), _door(order), city))
    return OpenOffer(
        offer,
        trips,
        ready_by=max((order.ready_by for order in orders if order.ready_by), default=None),
        seconds=desk.seconds_left,
        of_seconds=(offer.deadline - offer.made_at).total_seconds() / city.speed,
    )


def _trip(order: Order, courier: Courier, city: City) -> Trip:
    here = (courier.latitude, courier.longitude)
    counter = (order.restaurant.latitude, order.restaurant.longitude)
    start = here if order.status == Status.PICKED_UP else counter
    return Trip(order=order, to_counter=_metres(here, counter, city), to_door=_metres(start, _door(order), city))


def _door(order: Order) -> tuple[float, float]:
    return order.address.latitude, order.address.longitude


def _metres(a: tuple[float, float], b: tuple[float, float], city: City) -> float:
    return distance_metres(a, b, origin_latitude=city.latitude)


def _timed_out(courier: Courier) -> bool:
    latest = courier.offers.exclude(answered_at=None).order_by("-answered_at")
    last = list(latest.values_list("state", "made_at")[:TIMEOUTS_IN_A_ROW])
    shift = courier.shifts.order_by("-started_at").values_list("started_at", flat=True).first()
    enough = len(last) == TIMEOUTS_IN_A_ROW and {state for state, _ in last} == {Offer.State.EXPIRED}
    return enough and shift is not None and last[-1][1] >= shift


def _places(courier: Courier) -> list[tuple[str, str]]:
    """Where a shift can begin: the last known position, or before a restaurant of the courier's zone."""
    last = (f"{courier.latitude},{courier.longitude}", "Where I was last")
    shops = Restaurant.objects.filter(zone=courier.zone_id).order_by("name")[:20]
    return [last, *((f"{shop.latitude},{shop.longitude}", f"At {shop.name}") for shop in shops)]
