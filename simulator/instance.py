"""Public instances of the Meal Delivery Routing Problem as a city; `tables.py` names the source and reads the files."""

from __future__ import annotations

from collections.abc import Iterator
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
from .tables import InstanceError as InstanceError
from .tables import Row, read_tables

ZONE = ZonePlan("instance", "Instance")

#: An account for each order would only be weight: the orders' addresses are their own anyway.
CUSTOMERS = 24

#: Orders that a courier can have at one time. The instances set no limit; more than three are never worth it.
BUNDLE = 3


def read_instance(path: Path | str) -> CityPlan:
    """The city of an instance's folder.

    Raises:
        InstanceError: the folder or a file is missing, or a line is not what the format says.
    """
    tables = read_tables(path)
    restaurants = tuple(_restaurant(row) for row in tables.restaurants)
    couriers = tuple(_courier(row) for row in tables.couriers)
    orders = tuple(_order(row, index) for index, row in enumerate(tables.orders))
    latitude, longitude = ORIGIN
    return CityPlan(
        name=tables.name,
        starts_at=DAY,
        latitude=latitude,
        longitude=longitude,
        metres_per_minute=tables.parameters.number("meters_per_minute", above=0),
        pickup_minutes=tables.parameters.number("pickup service minutes", above=-1),
        dropoff_minutes=tables.parameters.number("dropoff service minutes", above=-1),
        zones=(ZONE,),
        restaurants=restaurants,
        couriers=couriers,
        customers=tuple(_customers(min(CUSTOMERS, len(orders)))),
        orders=orders,
    )


def _restaurant(row: Row) -> RestaurantPlan:
    slug = row.name("restaurant")
    latitude, longitude = _point(row)
    return RestaurantPlan(
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


def _courier(row: Row) -> CourierPlan:
    latitude, longitude = _point(row)
    return CourierPlan(
        username=f"c-{row.name('courier')}",
        name=f"Courier {row.name('courier')}",
        zone=ZONE.slug,
        latitude=latitude,
        longitude=longitude,
        capacity=BUNDLE,
        on_at=_time(row, "on_time"),
        off_at=_time(row, "off_time"),
    )


def _order(row: Row, index: int) -> OrderPlan:
    latitude, longitude = _point(row)
    return OrderPlan(
        id=row.name("order"),
        customer=_username(index % CUSTOMERS),
        restaurant=row.name("restaurant"),
        placed_at=_time(row, "placement_time"),
        ready_at=_time(row, "ready_time"),
        latitude=latitude,
        longitude=longitude,
    )


def _point(row: Row) -> tuple[float, float]:
    return to_degrees(row.number("x"), row.number("y"))


def _time(row: Row, column: str) -> datetime:
    return DAY + timedelta(minutes=row.minute(column))


def _customers(count: int) -> Iterator[CustomerPlan]:
    for index in range(count):
        yield CustomerPlan(_username(index), (AddressPlan("1 Instance Street", *ORIGIN),))


def _username(index: int) -> str:
    return f"cust-{index + 1:03}"
