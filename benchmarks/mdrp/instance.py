"""An instance as the planner sees it: whole minutes from the day's start, metres."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.planning import City, Courier, Order
from simulator.tables import InstanceError as InstanceError
from simulator.tables import Row, read_tables


@dataclass(frozen=True, slots=True)
class Instance:
    """A day: its city, its orders, and its couriers, free from the start of their shift on."""

    name: str
    city: City
    orders: tuple[Order, ...]
    couriers: tuple[Courier, ...]


def read_instance(path: Path | str) -> Instance:
    """The instance in a folder.

    Raises:
        InstanceError: the folder or a file is missing, or a line is not what the format says.
    """
    tables = read_tables(path)
    parameters = tables.parameters
    city = City(
        metres_per_minute=parameters.number("meters_per_minute", above=0),
        pickup_minutes=parameters.number("pickup service minutes"),
        dropoff_minutes=parameters.number("dropoff service minutes"),
        maximum_minutes=parameters.number("maximum click-to-door"),
        restaurants={row.name("restaurant"): _point(row) for row in tables.restaurants},
    )
    couriers = tuple(
        Courier(row.name("courier"), _point(row), row.minute("on_time"), row.minute("off_time"))
        for row in tables.couriers
    )
    orders = tuple(
        Order(
            row.name("order"),
            row.name("restaurant"),
            _point(row),
            row.minute("placement_time"),
            row.minute("ready_time"),
        )
        for row in tables.orders
    )
    return Instance(tables.name, city, orders, couriers)


def _point(row: Row) -> tuple[float, float]:
    return row.number("x"), row.number("y")
