"""The files of a public instance of the Meal Delivery Routing Problem.

Format: Reyes, Erera, Savelsbergh, Sahasrabudhe, O'Neil, "The Meal Delivery Routing Problem", 2018 (github:
grubhub/mdrplib). Four tab-separated files; whole minutes from the day's start; metres.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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

    def minute(self, column: str) -> float:
        """Whole minutes from the day's start."""
        value = self.number(column)
        if value < 0 or value != int(value):
            raise self.error(f"{column} must be whole minutes from the day's start, not {self.cells[column]!r}")
        return value


@dataclass(frozen=True, slots=True)
class Tables:
    """An instance's four files, every line checked; times and places still in the format's own units."""

    name: str
    parameters: Row
    restaurants: list[Row]
    couriers: list[Row]
    orders: list[Row]


def read_tables(path: Path | str) -> Tables:
    """The files of an instance's folder, each line consistent with the others.

    Raises:
        InstanceError: the folder or a file is missing, or a line is not what the format says.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InstanceError(f"{folder}: no such folder; name one with orders.txt, restaurants.txt, couriers.txt")
    tables = Tables(
        name=folder.resolve().name,
        parameters=_parameters(folder / "instance_parameters.txt"),
        restaurants=list(read_distinct(folder / "restaurants.txt", RESTAURANTS)),
        couriers=list(read_distinct(folder / "couriers.txt", COURIERS)),
        orders=list(read_distinct(folder / "orders.txt", ORDERS)),
    )
    for row in (*tables.restaurants, *tables.couriers, *tables.orders):
        row.number("x"), row.number("y")
    for row in tables.couriers:
        if row.minute("off_time") <= row.minute("on_time"):
            raise row.error("off_time must be after on_time")
    known = {row.name("restaurant") for row in tables.restaurants}
    for row in tables.orders:
        if row.name("restaurant") not in known:
            raise row.error(f"restaurant {row.name('restaurant')!r} is not in restaurants.txt")
        if row.minute("ready_time") < row.minute("placement_time"):
            raise row.error("ready_time is before placement_time")
    return tables


def _parameters(file: Path) -> Row:
    rows = list(read_rows(file, PARAMETERS))
    if len(rows) != 1:
        raise InstanceError(f"{file}: holds {len(rows)} lines of parameters, must be one")
    return rows[0]


def read_distinct(file: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """The same, each line named by its first column: at least one, and no name twice."""
    key = columns[0]
    lines: dict[str, int] = {}
    for row in read_rows(file, columns):
        value = row.name(key)
        if value in lines:
            raise row.error(f"{key} {value!r} stands on line {lines[value]} already")
        lines[value] = row.line
        yield row
    if not lines:
        raise InstanceError(f"{file}: holds no {key}")


def read_rows(file: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Lines of a file with exactly these columns.

    Raises:
        InstanceError: the file is missing or unreadable, or a line is not what the format says.
    """
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
