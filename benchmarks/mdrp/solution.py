"""A solution as the three files of the official evaluator: single spaces, a header line, whole minutes."""

from __future__ import annotations

from pathlib import Path

from delivery.planning.model import City, Order, Point

from .instance import Instance
from .replay import Driven, Solution, minutes

ASSIGNMENTS = "solution_info_assignments.txt"
ORDERS = "solution_info_orders.txt"
COURIERS = "solution_info_couriers.txt"


def write_solution(instance: Instance, solution: Solution, folder: Path) -> None:
    """Write the files into the folder, which is made; undelivered orders stand there with NaN.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    assignments = [
        f"{job.assigned_at:.0f} {job.pickup_at:.0f} {job.courier} {' '.join(job.orders)}" for job in solution.jobs
    ]
    _write(folder / ASSIGNMENTS, "assignment_time pickup_time courier order_list", assignments)

    served = {order: (job, drop) for job in solution.jobs for order, drop in zip(job.orders, job.drops, strict=True)}
    lines: list[str] = []
    for order in instance.orders:
        times = f"{order.id} {order.placed_at:.0f} {order.ready_at:.0f}"
        if order.id in served:
            job, drop = served[order.id]
            lines.append(f"{times} {job.pickup_at:.0f} {drop:.0f} {job.courier}")
        else:
            lines.append(f"{times} NaN NaN NaN")
    _write(folder / ORDERS, "order placement_time ready_time pickup_time dropoff_time courier", lines)
    _write(folder / COURIERS, "courier departure_time origin destination", _moves(instance, solution))


def _moves(instance: Instance, solution: Solution) -> list[str]:
    orders = {order.id: order for order in instance.orders}
    by_courier: dict[str, list[Driven]] = {}
    for job in solution.jobs:
        by_courier.setdefault(job.courier, []).append(job)
    return [
        f"{courier} {departure:.0f} {origin} {destination}"
        for courier, jobs in by_courier.items()
        for departure, origin, destination in _courier_moves(instance.city, orders, courier, jobs)
    ]


def _courier_moves(
    city: City, orders: dict[str, Order], courier: str, jobs: list[Driven]
) -> list[tuple[float, str, str]]:
    moves: list[tuple[float, str, str]] = []
    at = courier
    for job in jobs:
        restaurant = orders[job.orders[0]].restaurant
        moves.append((job.assigned_at, at, restaurant))
        at, place = restaurant, city.restaurants[restaurant]
        departure = job.pickup_at + city.pickup_minutes / 2
        for order in job.orders:
            door: Point = orders[order].door
            moves.append((departure, at, order))
            departure += minutes(city, place, door) + city.dropoff_minutes
            at, place = order, door
    return moves


def _write(file: Path, header: str, lines: list[str]) -> None:
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
