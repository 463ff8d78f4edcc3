"""Reading an instance: four tab-separated files; whole minutes from the day's start; metres."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from delivery.planning import City, Courier, Order

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
    """The folder is not an instance; the message names file, line and what is wrong."""


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
    folder = Path(path)
    if not folder.is_dir():
        raise InstanceError(f"{folder}: no such folder; name one with orders.txt, restaurants.txt, couriers.txt")
    file = folder / "instance_parameters.txt"
    lines = list(_rows(file, PARAMETERS))
    if len(lines) != 1:
        raise InstanceError(f"{file}: holds {len(lines)} lines of parameters, must be one")
    _, parameters = lines[0]
    pace = _number(parameters, "meters_per_minute", f"{file}, line 2")
    if pace <= 0:
        raise InstanceError(f"{file}, line 2: meters_per_minute must be more than 0, not {pace:g}")
    city = City(
        metres_per_minute=pace,
        pickup_minutes=_number(parameters, "pickup service minutes", f"{file}, line 2"),
        dropoff_minutes=_number(parameters, "dropoff service minutes", f"{file}, line 2"),
        maximum_minutes=_number(parameters, "maximum click-to-door", f"{file}, line 2"),
        restaurants={
            cells["restaurant"]: (_number(cells, "x", where), _number(cells, "y", where))
            for where, cells in _distinct(folder / "restaurants.txt", RESTAURANTS)
        },
    )
    couriers = tuple(_courier(cells, where) for where, cells in _distinct(folder / "couriers.txt", COURIERS))
    orders = tuple(_order(cells, where, city) for where, cells in _distinct(folder / "orders.txt", ORDERS))
    return Instance(folder.resolve().name, city, orders, couriers)


def _courier(cells: dict[str, str], where: str) -> Courier:
    on_at, off_at = _minute(cells, "on_time", where), _minute(cells, "off_time", where)
    if off_at <= on_at:
        raise InstanceError(f"{where}: off_time must be after on_time")
    return Courier(cells["courier"], (_number(cells, "x", where), _number(cells, "y", where)), on_at, off_at)


def _order(cells: dict[str, str], where: str, city: City) -> Order:
    placed_at, ready_at = _minute(cells, "placement_time", where), _minute(cells, "ready_time", where)
    if cells["restaurant"] not in city.restaurants:
        raise InstanceError(f"{where}: restaurant {cells['restaurant']!r} is not in restaurants.txt")
    if ready_at < placed_at:
        raise InstanceError(f"{where}: ready_time is before placement_time")
    door = (_number(cells, "x", where), _number(cells, "y", where))
    return Order(cells["order"], cells["restaurant"], door, placed_at, ready_at)


def _number(cells: dict[str, str], column: str, where: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InstanceError(f"{where}: {column} must be a number, not {cells[column]!r}")
    return value


def _minute(cells: dict[str, str], column: str, where: str) -> float:
    value = _number(cells, column, where)
    if value < 0 or value != int(value):
        raise InstanceError(f"{where}: {column} must be whole minutes from the day's start, not {cells[column]!r}")
    return value


def _distinct(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    names: set[str] = set()
    for where, cells in _rows(file, columns):
        name = cells[columns[0]]
        if name in names or not name or " " in name:
            raise InstanceError(f"{where}: {columns[0]} {name!r} must be one word, and stand in one line only")
        names.add(name)
        yield where, cells
    if not names:
        raise InstanceError(f"{file}: holds no {columns[0]}")


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
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
        yield f"{file}, line {number}", dict(zip(columns, cells, strict=True))
