"""Orders that a played day lost (undelivered, or to the door after the maximum), beside a plan that knew the day."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from delivery.planning.model import Courier, Order

from .instance import Instance
from .replay import Solution, minutes

ALSO = "lost too with the whole day known"
TOO_LATE = "when it was placed, all who could bring it in time were sent off already"
OVERTAKEN = "waited, and orders placed later went first"
CROWDED = "waited behind orders placed before it"


@dataclass(frozen=True, slots=True)
class Lost:
    """took: click-to-door in minutes, None where undelivered; foreseen: the same in the plan that knew the day.

    until: the last minute at which somebody could still have left for it and come in time, None where nobody ever could
    overtaken: orders placed later that were given out by then
    """

    order: str
    took: float | None
    foreseen: float | None
    until: float | None
    overtaken: int
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """instead: orders that only the plan that knew the day lost."""

    lost: list[Lost]
    foreseen: int
    instead: int

    @property
    def saved(self) -> int:
        """Orders by which knowing the day would have lost fewer."""
        return len(self.lost) - self.foreseen


def compare(instance: Instance, played: Solution, foreseen: Solution) -> Comparison:
    """Each order that the played day lost, with the reason."""
    maximum = instance.city.maximum_minutes
    door, known = _took(instance, played), _took(instance, foreseen)

    def is_lost(took: float | None) -> bool:
        return took is None or took > maximum

    lost = []
    for order in instance.orders:
        if not is_lost(door.get(order.id)):
            continue
        until = _until(instance, played, order)
        overtaken = _overtaken(instance, played, order, until)
        if is_lost(known.get(order.id)):
            reason = ALSO
        elif until is None:
            reason = TOO_LATE
        else:
            reason = OVERTAKEN if overtaken else CROWDED
        lost.append(Lost(order.id, door.get(order.id), known.get(order.id), until, overtaken, reason))
    gone = {order.id for order in instance.orders if is_lost(known.get(order.id))}
    return Comparison(lost, len(gone), len(gone - {each.order for each in lost}))


def table(comparison: Comparison) -> str:
    """One row an order, and what it comes to."""
    rows = [f"{'order':<12} {'minutes':>8} {'foreseen':>8} {'until':>6} {'overtaken':>9}  reason"]
    for each in comparison.lost:
        rows.append(
            f"{each.order:<12} {_shown(each.took):>8} {_shown(each.foreseen):>8} "
            f"{'–' if each.until is None else f'{each.until:.0f}':>6} {each.overtaken:>9}  {each.reason}"
        )
    rows.append(
        f"lost {len(comparison.lost)}; with the whole day known {comparison.foreseen}, "
        f"of them {comparison.instead} that the played day did not lose"
    )
    return "\n".join(rows)


def _shown(took: float | None) -> str:
    return "never" if took is None else f"{took:.0f}"


def _took(instance: Instance, solution: Solution) -> dict[str, float]:
    placed = {order.id: order.placed_at for order in instance.orders}
    drops = (pair for job in solution.jobs for pair in zip(job.orders, job.drops, strict=True))
    return {order: drop - placed[order] for order, drop in drops}


def _until(instance: Instance, played: Solution, order: Order) -> float | None:
    """The last minute from its placement on at which somebody, left to it alone, would have come in time."""
    ends = [last for courier in instance.couriers for last in _latest(instance, played, order, courier)]
    return max(ends, default=None)


def _latest(instance: Instance, played: Solution, order: Order, courier: Courier) -> Iterator[float]:
    """The last minute in each gap between the courier's jobs at which they could have left for it."""
    city = instance.city
    doors = {each.id: each.door for each in instance.orders}
    counter = city.restaurants[order.restaurant]
    carry = city.pickup_minutes / 2 + minutes(city, counter, order.door) + city.dropoff_minutes / 2
    pick_up_by = min(order.placed_at + city.maximum_minutes - carry, courier.off_at)
    if order.ready_at > pick_up_by:
        return
    jobs = sorted((job for job in played.jobs if job.courier == courier.id), key=lambda job: job.assigned_at)
    place, free_at = courier.place, courier.free_at
    for job in [*jobs, None]:
        way = minutes(city, place, counter) + city.pickup_minutes / 2
        # Whoever left at a minute was to be had at that minute, but not after it.
        latest = min(pick_up_by - way, job.assigned_at if job else math.inf)
        if latest >= max(free_at, order.placed_at):
            yield latest
        if job:
            place, free_at = doors[job.orders[-1]], job.drops[-1] + city.dropoff_minutes / 2


def _overtaken(instance: Instance, played: Solution, order: Order, until: float | None) -> int:
    placed = {each.id: each.placed_at for each in instance.orders}
    given = (each for job in played.jobs if until is not None and job.assigned_at <= until for each in job.orders)
    return sum(placed[each] > order.placed_at for each in given)
