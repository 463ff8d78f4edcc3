"""Rechecking a written solution against every rule, and measuring it.

Independent on purpose: it reads the instance and the solution files anew and shares no code with the replay, the
policies or the writer, so that a fault of theirs shows here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Figures:
    """Minutes; undelivered orders are counted and left out of the means."""

    orders: int
    undelivered: int
    click_to_door: float
    click_to_door_p90: float
    click_to_door_max: float
    over_maximum: int
    ready_to_pickup: float
    orders_per_bundle: float


@dataclass(slots=True)
class Verdict:
    """violations: one sentence each; empty where every rule holds."""

    violations: list[str] = field(default_factory=list)
    figures: Figures | None = None


class Assignment(NamedTuple):
    assigned: int
    pickup: int
    courier: str
    orders: list[str]


class Day(NamedTuple):
    orders: dict[str, dict[str, str]]
    couriers: dict[str, dict[str, str]]
    places: dict[str, tuple[float, float]]
    parameters: dict[str, float]

    def way(self, origin: str, destination: str) -> int:
        (x1, y1), (x2, y2) = self.places[origin], self.places[destination]
        return math.ceil(math.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2) / self.parameters["meters_per_minute"])


def evaluate(instance: Path | str, solution: Path | str) -> Verdict:
    """Check the solution's three files in one folder against the instance's four in another.

    Raises:
        OSError, ValueError, KeyError: a file is missing or not of its format.
    """
    day = _read_day(Path(instance))
    folder = Path(solution)
    assignments = [
        Assignment(int(cells[0]), int(cells[1]), cells[2], cells[3:])
        for cells in _lines(folder / "solution_info_assignments.txt")
    ]
    stated = {cells[0]: cells[1:] for cells in _lines(folder / "solution_info_orders.txt")}
    moves: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for courier, departure, origin, destination in _lines(folder / "solution_info_couriers.txt"):
        moves[courier].append((int(departure), origin, destination))

    verdict = Verdict()
    known = _check_names(day, assignments, stated, moves, verdict.violations)
    if not known:
        return verdict
    by_courier: dict[str, list[Assignment]] = defaultdict(list)
    for assignment in assignments:
        by_courier[assignment.courier].append(assignment)
    drops: dict[str, int] = {}
    for courier, jobs in by_courier.items():
        _check_courier(day, courier, sorted(jobs), moves.get(courier, []), drops, verdict.violations)
    for courier in set(moves) - set(by_courier):
        verdict.violations.append(f"courier {courier} moves without an assignment")
    _check_orders(day, assignments, stated, drops, verdict.violations)
    if not verdict.violations:
        verdict.figures = _measure(day, assignments, drops)
    return verdict


def _check_names(
    day: Day,
    assignments: list[Assignment],
    stated: dict[str, list[str]],
    moves: dict[str, list[tuple[int, str, str]]],
    violations: list[str],
) -> bool:
    before = len(violations)
    violations += [f"order {order} is missing from the orders' file" for order in day.orders if order not in stated]
    violations += [f"order {order} is not of the instance" for order in stated if order not in day.orders]
    seen: set[str] = set()
    for assignment in assignments:
        if assignment.courier not in day.couriers:
            violations.append(f"courier {assignment.courier} is not of the instance")
        if not assignment.orders:
            violations.append(f"an assignment of courier {assignment.courier} holds no order")
        for order in assignment.orders:
            if order not in day.orders:
                violations.append(f"order {order} is not of the instance")
            if order in seen:
                violations.append(f"order {order} is assigned more than once")
            seen.add(order)
    for courier, steps in moves.items():
        if courier not in day.couriers:
            violations.append(f"courier {courier} is not of the instance")
        violations += [
            f"place {place} is not of the instance" for _, *two in steps for place in two if place not in day.places
        ]
    return len(violations) == before


def _check_courier(
    day: Day,
    courier: str,
    jobs: list[Assignment],
    moves: list[tuple[int, str, str]],
    drops: dict[str, int],
    violations: list[str],
) -> None:
    """Follow the courier through the day: their moves must be exactly those of their assignments."""
    pickup_service = day.parameters["pickup service minutes"]
    dropoff_service = day.parameters["dropoff service minutes"]
    free, place = float(day.couriers[courier]["on_time"]), courier
    expected = sum(1 + len(job.orders) for job in jobs)
    if len(moves) != expected:
        violations.append(f"courier {courier} makes {len(moves)} moves, must make {expected}")
        return
    steps = iter(moves)
    for job in jobs:
        restaurants = {day.orders[order]["restaurant"] for order in job.orders}
        if len(restaurants) > 1:
            violations.append(f"orders {' '.join(job.orders)} are of more than one restaurant")
            return
        restaurant = restaurants.pop()
        departure, origin, destination = next(steps)
        if (origin, destination) != (place, restaurant):
            violations.append(f"courier {courier} goes {origin} to {destination}, must go {place} to {restaurant}")
            return
        if departure < free:
            violations.append(f"courier {courier} leaves at {departure}, is free or on shift only at {free:g}")
        if departure < job.assigned:
            violations.append(f"courier {courier} leaves at {departure}, is assigned only at {job.assigned}")
        if job.assigned < free:
            violations.append(f"courier {courier} is assigned at {job.assigned} while busy until {free:g}")
        arrival = departure + day.way(origin, destination)
        ready = max(int(day.orders[order]["ready_time"]) for order in job.orders)
        for order in job.orders:
            if job.assigned < int(day.orders[order]["placement_time"]):
                violations.append(f"order {order} is assigned before its placement")
        if job.pickup != max(ready, arrival + pickup_service / 2):
            violations.append(
                f"courier {courier} picks up at {job.pickup}, must at {max(ready, arrival + pickup_service / 2):g}"
            )
        if job.pickup > int(day.couriers[courier]["off_time"]):
            violations.append(f"courier {courier} picks up at {job.pickup}, after their shift")
        free, place = job.pickup + pickup_service / 2, restaurant
        for order in job.orders:
            departure, origin, destination = next(steps)
            if (origin, destination) != (place, order):
                violations.append(f"courier {courier} goes {origin} to {destination}, must go {place} to {order}")
                return
            if departure != free:
                violations.append(f"courier {courier} leaves {origin} at {departure}, must at {free:g}")
            drop = departure + day.way(origin, destination) + dropoff_service / 2
            drops[order] = int(drop)
            free, place = drop + dropoff_service / 2, order


def _check_orders(
    day: Day,
    assignments: list[Assignment],
    stated: dict[str, list[str]],
    drops: dict[str, int],
    violations: list[str],
) -> None:
    carried = {order: assignment for assignment in assignments for order in assignment.orders}
    for order, cells in stated.items():
        truth = day.orders[order]
        if cells[:2] != [truth["placement_time"], truth["ready_time"]]:
            violations.append(f"order {order} is stated with other placement or ready times than the instance's")
        if order not in carried:
            if cells[2:] != ["NaN", "NaN", "NaN"]:
                violations.append(f"order {order} is stated as delivered, but not assigned")
        elif order in drops:
            must = [str(carried[order].pickup), str(drops[order]), carried[order].courier]
            if cells[2:] != must:
                violations.append(f"order {order} is stated as {' '.join(cells[2:])}, must be {' '.join(must)}")


def _measure(day: Day, assignments: list[Assignment], drops: dict[str, int]) -> Figures:
    took = sorted(drop - int(day.orders[order]["placement_time"]) for order, drop in drops.items())
    waited = [each.pickup - int(day.orders[order]["ready_time"]) for each in assignments for order in each.orders]
    count = len(took)
    return Figures(
        orders=len(day.orders),
        undelivered=len(day.orders) - count,
        click_to_door=sum(took) / count if count else math.nan,
        click_to_door_p90=_quantile(took, 0.9) if count else math.nan,
        click_to_door_max=float(took[-1]) if count else math.nan,
        over_maximum=sum(each > day.parameters["maximum click-to-door"] for each in took),
        ready_to_pickup=sum(waited) / count if count else math.nan,
        orders_per_bundle=count / len(assignments) if assignments else math.nan,
    )


def _quantile(ordered: list[int], share: float) -> float:
    """With linear interpolation, as the official summary does."""
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _read_day(folder: Path) -> Day:
    orders = {row["order"]: row for row in _table(folder / "orders.txt")}
    restaurants = {row["restaurant"]: row for row in _table(folder / "restaurants.txt")}
    couriers = {row["courier"]: row for row in _table(folder / "couriers.txt")}
    places = {
        name: (float(row["x"]), float(row["y"]))
        for table in (orders, restaurants, couriers)
        for name, row in table.items()
    }
    (parameters,) = _table(folder / "instance_parameters.txt")
    return Day(orders, couriers, places, {name: float(value) for name, value in parameters.items()})


def _table(file: Path) -> list[dict[str, str]]:
    header, *rows = file.read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    return [dict(zip(names, row.split("\t"), strict=True)) for row in rows if row.strip()]


def _lines(file: Path) -> list[list[str]]:
    _, *rows = file.read_text(encoding="utf-8").splitlines()
    return [row.split(" ") for row in rows if row.strip()]
