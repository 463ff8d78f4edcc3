"""What a city consists of, before anyone plays it: the one thing that seeding and playing agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

#: Minute 0 of every planned day, a Friday.
DAY = datetime(2026, 6, 5, tzinfo=UTC)

#: Where planar coordinates start: open sea, so that no real street is meant.
ORIGIN = (46.9, -9.6)

#: Metres per degree of latitude; the same as the platform's, since the instances' distances must survive the way.
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class ZonePlan:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class OptionPlan:
    """An extra; `price` in minor units, added to the item's. `group` names one of the item's groups, or none."""

    name: str
    price: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Options of which at least `minimum` and at most `maximum` are chosen."""

    name: str
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """A dish; `price` in minor units."""

    section: str
    name: str
    description: str
    price: int
    options: tuple[OptionPlan, ...] = ()
    groups: tuple[GroupPlan, ...] = ()
    allergens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoursPlan:
    """One span of a weekday (0 is Monday) in minutes after midnight; `closes` may pass 1440 into the next day."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class RestaurantPlan:
    """Without any hours it is open around the clock; `delivery_fee` in minor units."""

    slug: str
    name: str
    cuisine: str
    zone: str
    latitude: float
    longitude: float
    preparation_minutes: int
    hours: tuple[HoursPlan, ...]
    delivery_fee: int
    items: tuple[ItemPlan, ...]

    @property
    def username(self) -> str:
        return f"r-{self.slug}"


@dataclass(frozen=True, slots=True)
class CourierPlan:
    """Online from `on_at` to `off_at`, city time; None means from the start, and to the end."""

    username: str
    name: str
    zone: str
    latitude: float
    longitude: float
    capacity: int
    on_at: datetime | None = None
    off_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AddressPlan:
    line: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    username: str
    addresses: tuple[AddressPlan, ...]


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order known beforehand, from a public instance; times are city times, the point is the customer's door."""

    id: str
    customer: str
    restaurant: str
    placed_at: datetime
    ready_at: datetime
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CityPlan:
    """A whole city. `latitude` and `longitude` are where planar coordinates start; minutes are city minutes.

    `orders` is empty for a city whose customers make up their own minds.
    """

    name: str
    starts_at: datetime
    latitude: float
    longitude: float
    metres_per_minute: float
    pickup_minutes: float
    dropoff_minutes: float
    zones: tuple[ZonePlan, ...]
    restaurants: tuple[RestaurantPlan, ...]
    couriers: tuple[CourierPlan, ...]
    customers: tuple[CustomerPlan, ...]
    orders: tuple[OrderPlan, ...] = ()
    #: Accounts made for crimes.
    crooks: tuple[CustomerPlan, ...] = ()


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """Latitude and longitude of a planar point, metres east and north of `ORIGIN`."""
    latitude, longitude = ORIGIN
    return (
        latitude + y / METRES_PER_DEGREE,
        longitude + x / (METRES_PER_DEGREE * math.cos(math.radians(latitude))),
    )
