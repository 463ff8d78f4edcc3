"""Instances made harder than the public ones: fewer couriers, more orders, the same orders in less time.

Couriers are then too few for a time, and whoever tuned a policy to the public days finds out here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from .instance import Instance

Table = list[dict[str, str]]

#: Minutes after an order at which its double is placed.
LATER = 7
#: What is left of the time between placements.
SQUEEZED = 0.75


def write_harder(folder: Path, out: Path) -> list[Path]:
    """Each variant of the instance as a folder of its own in `out`.

    Raises:
        OSError: a file cannot be read or written.
    """
    variants: dict[str, tuple[str, Callable[[Table], Table]]] = {
        "two-thirds-couriers": ("couriers.txt", lambda rows: [row for at, row in enumerate(rows) if at % 3 != 1]),
        "half-as-many-orders-again": ("orders.txt", lambda rows: [*rows, *_doubles(rows[::2])]),
        "in-three-quarters-of-the-time": ("orders.txt", _squeezed),
    }
    folders = []
    for name, (file, change) in variants.items():
        variant = out / f"{folder.resolve().name}-{name}"
        shutil.copytree(folder, variant)
        header, *lines = (folder / file).read_text().splitlines()
        columns = header.split("\t")
        rows = change([dict(zip(columns, line.split("\t"), strict=True)) for line in lines])
        changed = [header, *("\t".join(row[column] for column in columns) for row in rows)]
        (variant / file).write_text("\n".join(changed) + "\n")
        folders.append(variant)
    return folders


def hopeless(instance: Instance) -> int:
    """Orders that nobody could have picked up, had they stood idle at the counter all their shift long."""
    half = instance.city.pickup_minutes / 2
    return sum(
        all(max(order.ready_at, courier.free_at + half) > courier.off_at for courier in instance.couriers)
        for order in instance.orders
    )


def _doubles(rows: Table) -> Table:
    """The same orders again a little later, for the doors of others."""
    doors = [(row["x"], row["y"]) for row in rows]
    return [
        row
        | {"order": f"{row['order']}again", "x": x, "y": y}
        | {column: str(int(row[column]) + LATER) for column in ("placement_time", "ready_time")}
        for row, (x, y) in zip(rows, doors[1:] + doors[:1], strict=True)
    ]


def _squeezed(rows: Table) -> Table:
    """Around the middle of the day, so that the shifts still cover it; cooking takes what it takes."""
    placed = [int(row["placement_time"]) for row in rows]
    middle = (min(placed) + max(placed)) / 2
    squeezed = []
    for row, minute in zip(rows, placed, strict=True):
        now = round(middle + (minute - middle) * SQUEEZED)
        cooking = int(row["ready_time"]) - minute
        squeezed.append(row | {"placement_time": str(now), "ready_time": str(now + cooking)})
    return squeezed
