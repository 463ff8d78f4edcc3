"""What a courier's page shows: the offer that waits, the jobs in hand, the next thing to press."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from delivery import announcing, giving_back, losses
from delivery.models import Courier, Offer
from delivery.offers import TIMEOUTS_IN_A_ROW
from delivery.selectors import Desk, desk_of
from delivery.stops import stops_of
from orders.city import city_now, distance_metres, the_city
from orders.models import City, Order, Restaurant, Status
from orders.payments.ledger import courier_earned, courier_pay

#: Decimals of a door's degrees before its order is taken: about 100 m. Where somebody lives is for who brings it.
ABOUT = 3


@dataclass(frozen=True, slots=True)
class Trip:
    """An order as a courier sees it; lengths in metres, pay in minor units.

    `next` is the one thing to do now; `helped`: an operator was called, and is not done.
    """

    order: Order
    to_counter: float
    to_door: float
    pay: int
    next: bool = False
    helped: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """What the map draws, as attributes of it: degrees; `stops` are kind, latitude, longitude, in their sequence."""

    here: str
    stops: str

    @property
    def key(self) -> str:
        """The same for the same picture, so that a page that is refreshed need not draw it again."""
        return hashlib.sha256(f"{self.here} {self.stops}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """`seconds` is what is left of it on a wall clock, by the database's time; `until` the same as Unix milliseconds.

    Its orders in the sequence of their doors: after the first, `to_door` counts from the door before.
    """

    offer: Offer
    trips: list[Trip]
    way: Way
    ready_by: datetime | None
    seconds: float
    of_seconds: float
    until: int

    @property
    def pay(self) -> int:
        return sum(trip.pay for trip in self.trips)

    @property
    def metres(self) -> float:
        return self.trips[0].to_counter + sum(trip.to_door for trip in self.trips)


@dataclass(frozen=True, slots=True)
class Lost:
    """Jobs and offers that are theirs no more, in words; `latest` is what "Understood" puts behind them."""

    words: list[str]
    latest: int


@dataclass(frozen=True, slots=True)
class Page:
    """What `delivery.selectors.desk_of` finds, with what the page alone shows."""

    city: City
    courier: Courier
    offer: OpenOffer | None
    jobs: list[Trip]
    lost: Lost | None
    way: Way | None
    places: list[tuple[str, str]]
    #: The next shift that they have announced, in words; asked only while they are offline.
    coming: str
    #: Whether it was unanswered offers that took them offline.
    timed_out: bool
    #: Minor units, by the ledger: today by the city's clock, and ever.
    earned_today: int
    earned: int
    #: Unix milliseconds: what the page's clock is set by.
    now: int

    @property
    def to_earn(self) -> int:
        return sum(trip.pay for trip in self.jobs)


def page_of(courier: Courier, *, understood: int = 0) -> Page:
    """`understood` is the latest loss that they have read."""
    city = the_city()
    now = timezone.now()
    desk = desk_of(courier)
    city_time = city_now()
    midnight = timezone.localtime(city_time).replace(hour=0, minute=0, second=0, microsecond=0)
    return Page(
        city=city,
        courier=courier,
        offer=_open_offer(desk, city, now) if desk.offered else None,
        jobs=_jobs(desk, city),
        lost=None if desk.offered else _lost(courier, understood),
        way=_way(desk, of_offer=False) if desk.jobs else None,
        places=[] if courier.online else _places(courier),
        coming="" if courier.online else _coming(courier, city_time),
        timed_out=not courier.online and _timed_out(courier),
        earned_today=courier_earned(courier.pk, since=midnight),
        earned=courier_earned(courier.pk),
        now=_milliseconds(now),
    )


def _open_offer(desk: Desk, city: City, now: datetime) -> OpenOffer:
    offer = desk.offered[0].offer
    orders = [job.order for job in desk.offered]
    trips = [_trip(order, desk.courier, city) for order in orders]
    for before, (at, order) in zip(orders, enumerate(orders[1:], start=1), strict=False):
        trips[at] = replace(trips[at], to_door=_metres(_door(before), _door(order), city))
    return OpenOffer(
        offer,
        trips,
        way=_way(desk, of_offer=True),
        ready_by=max((order.ready_by for order in orders if order.ready_by), default=None),
        seconds=desk.seconds_left,
        of_seconds=(offer.deadline - offer.made_at).total_seconds() / city.speed,
        until=_milliseconds(now) + round(desk.seconds_left * 1000),
    )


def _jobs(desk: Desk, city: City) -> list[Trip]:
    """In the sequence of the stops that are left; the first of the first stop is what to do next."""
    stops = stops_of(desk.jobs)
    place = {order.pk: at for at, stop in reversed(list(enumerate(stops))) for order in stop.orders}
    jobs = sorted(desk.jobs, key=lambda job: place.get(job.order_id, len(stops)))
    helped = giving_back.helped([job.order for job in jobs if job.order.status == Status.PICKED_UP])
    return [
        replace(
            _trip(job.order, desk.courier, city), next=at == 0 and len(stops) > 0, helped=str(job.order_id) in helped
        )
        for at, job in enumerate(jobs)
    ]


def _lost(courier: Courier, understood: int) -> Lost | None:
    facts = losses.losses_of(courier, understood=understood)
    return Lost([losses.words_of(fact) for fact in facts], max(fact.pk for fact in facts)) if facts else None


def _way(desk: Desk, *, of_offer: bool) -> Way:
    stops = stops_of(desk.offered if of_offer else desk.jobs)
    points = []
    for stop in stops:
        order = stop.orders[0]
        latitude, longitude = _counter(order) if stop.kind == "pickup" else _door(order)
        decimals = ABOUT if of_offer and stop.kind == "dropoff" else 5
        points.append(f"{stop.kind},{latitude:.{decimals}f},{longitude:.{decimals}f}")
    return Way(here=f"{desk.courier.latitude:.5f},{desk.courier.longitude:.5f}", stops=" ".join(points))


def _trip(order: Order, courier: Courier, city: City) -> Trip:
    here = (courier.latitude, courier.longitude)
    start = here if order.status == Status.PICKED_UP else _counter(order)
    return Trip(
        order=order,
        to_counter=_metres(here, _counter(order), city),
        to_door=_metres(start, _door(order), city),
        pay=courier_pay(order),
    )


def _counter(order: Order) -> tuple[float, float]:
    return order.restaurant.latitude, order.restaurant.longitude


def _door(order: Order) -> tuple[float, float]:
    return order.address.latitude, order.address.longitude


def _metres(a: tuple[float, float], b: tuple[float, float], city: City) -> float:
    return distance_metres(a, b, origin_latitude=city.latitude)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _coming(courier: Courier, city_time: datetime) -> str:
    announced = announcing.announced(courier.pk)
    return announcing.spoken(announced[0], now=city_time) if announced else ""


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
