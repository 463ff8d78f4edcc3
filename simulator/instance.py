"""Public instances of the Meal Delivery Routing Problem as a city.

Format and rules: Reyes, Erera, Savelsbergh, Sahasrabudhe, O'Neil, "The Meal Delivery Routing Problem", 2018
(github: grubhub/mdrplib). Four tab-separated files; whole minutes from the day's start; metres.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .plan import (
    DAY,
    ORIGIN,
    AddressPlan,
    CityPlan,
    CourierPlan,
    CustomerPlan,
    ItemPlan,
    OrderPlan,
    RestaurantPlan,
    ZonePlan,
    to_degrees,
)

ZONE = ZonePlan("instance", "Instance")

#: An account for each order would only be weight: the orders' addresses are their own anyway.
CUSTOMERS = 24

ORDERS = ("order", "x", "y", "placement_time", "restaurant", "ready_time")
RESTAURANTS = ("restaurant", "x", "y")
COURIERS = ("courier", "x", "y", "on_time", "off_time")
PARAMETERS = (
    "meters_per_minute",
    "pickup service minutes",
    "dropoff service minutes",
    "target click-to-door",
    "maximum click-to-door",
    "pay per order",
    "guaranteed pay per hour",
)


class InstanceError(ValueError):
    """The folder is not an instance; the message names file, line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file, which knows where it stands so that every complaint says so."""

    file: Path
    line: int
    cells: dict[str, str]

    def error(self, problem: str) -> InstanceError:
        return InstanceError(f"{self.file}, line {self.line}: {problem}")

    def name(self, column: str) -> str:
        value = self.cells[column]
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
            raise self.error(f"{column} must be a name of letters and digits, not {value!r}")
        return value

    def number(self, column: str, *, above: float = -math.inf) -> float:
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"{column} must be a number, not {self.cells[column]!r}")
        if value <= above:
            raise self.error(f"{column} must be more than {above:g}, not {value:g}")
        return value

    def point(self) -> tuple[float, float]:
        return to_degrees(self.number("x"), self.number("y"))

    def time(self, column: str) -> datetime:
        minutes = self.number(column)
        if minutes < 0 or minutes != int(minutes):
            raise self.error(f"{column} must be whole minutes from the day's start, not {self.cells[column]!r}")
        return DAY + timedelta(minutes=minutes)


def read_instance(path: Path | str) -> CityPlan:
    """The city of an instance's folder.

    Raises:
        InstanceError: the folder or a file is missing, or a line is not what the format says.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InstanceError(f"{folder}: no such folder; name one with orders.txt, restaurants.txt, couriers.txt")
    parameters = _parameters(folder / "instance_parameters.txt")
    restaurants = tuple(_restaurants(folder / "restaurants.txt"))
    couriers = tuple(_couriers(folder / "couriers.txt"))
    orders = tuple(_orders(folder / "orders.txt", {each.slug for each in restaurants}))
    latitude, longitude = ORIGIN
    return CityPlan(
        name=folder.resolve().name,
        starts_at=DAY,
        latitude=latitude,
        longitude=longitude,
        metres_per_minute=parameters.number("meters_per_minute", above=0),
        pickup_minutes=parameters.number("pickup service minutes", above=-1),
        dropoff_minutes=parameters.number("dropoff service minutes", above=-1),
        zones=(ZONE,),
        restaurants=restaurants,
        couriers=couriers,
        customers=tuple(_customers(min(CUSTOMERS, len(orders)))),
        orders=orders,
    )


def _parameters(file: Path) -> Row:
    rows = list(_rows(file, PARAMETERS))
    if len(rows) != 1:
        raise InstanceError(f"{file}: holds {len(rows)} lines of parameters, must be one")
    return rows[0]


def _restaurants(file: Path) -> Iterator[RestaurantPlan]:
    for row in _distinct(file, RESTAURANTS):
        slug = row.name("restaurant")
        latitude, longitude = row.point()
        yield RestaurantPlan(
            slug=slug,
            name=f"Restaurant {slug}",
            cuisine="Instance",
            zone=ZONE.slug,
            latitude=latitude,
            longitude=longitude,
            preparation_minutes=15,
            hours=(),
            delivery_fee=250,
            items=(ItemPlan("Meals", "Meal of the day", "What the instance's order stands for", 1200),),
        )


def _couriers(file: Path) -> Iterator[CourierPlan]:
    for row in _distinct(file, COURIERS):
        on_at, off_at = row.time("on_time"), row.time("off_time")
        if off_at <= on_at:
            raise row.error("off_time must be after on_time")
        latitude, longitude = row.point()
        yield CourierPlan(
            username=f"c-{row.name('courier')}",
            name=f"Courier {row.name('courier')}",
            zone=ZONE.slug,
            latitude=latitude,
            longitude=longitude,
            capacity=1,
            on_at=on_at,
            off_at=off_at,
        )


def _orders(file: Path, restaurants: set[str]) -> Iterator[OrderPlan]:
    for index, row in enumerate(_distinct(file, ORDERS)):
        placed_at, ready_at = row.time("placement_time"), row.time("ready_time")
        if row.name("restaurant") not in restaurants:
            raise row.error(f"restaurant {row.name('restaurant')!r} is not in restaurants.txt")
        if ready_at < placed_at:
            raise row.error("ready_time is before placement_time")
        latitude, longitude = row.point()
        yield OrderPlan(
            id=row.name("order"),
            customer=_username(index % CUSTOMERS),
            restaurant=row.name("restaurant"),
            placed_at=placed_at,
            ready_at=ready_at,
            latitude=latitude,
            longitude=longitude,
        )


def _customers(count: int) -> Iterator[CustomerPlan]:
    for index in range(count):
        yield CustomerPlan(_username(index), (AddressPlan("1 Instance Street", *ORIGIN),))


def _username(index: int) -> str:
    return f"cust-{index + 1:03}"


def _distinct(file: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    key = columns[0]
    lines: dict[str, int] = {}
    for row in _rows(file, columns):
        value = row.name(key)
        if value in lines:
            raise row.error(f"{key} {value!r} stands on line {lines[value]} already")
        lines[value] = row.line
        yield row
    if not lines:
        raise InstanceError(f"{file}: holds no {key}")


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InstanceError(f"{file}: the file is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InstanceError(f"{file}: cannot be read as text ({error})") from None
    header = tuple(cell.strip() for cell in lines[0].split("\t")) if lines else ()
    if header != columns:
        raise InstanceError(
            f"{file}, line 1: must name the tab-separated columns {', '.join(columns)}; "
            f"found {', '.join(header) or 'nothing'}"
        )
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(columns):
            raise InstanceError(f"{file}, line {number}: has {len(cells)} tab-separated values, must be {len(columns)}")
        yield Row(file, number, dict(zip(columns, cells, strict=True)))
