"""What a policy sees of a zone at one minute, and what it answers.

Units everywhere in this package: minutes on one clock (any origin), metres on a plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class City:
    """What does not change during a day.

    metres_per_minute: a courier's pace
    pickup_minutes, dropoff_minutes: service at restaurant and door; half of each lies before the handing over
    maximum_minutes: click-to-door that should never be passed
    restaurants: where each stands; orders will come from there
    """

    metres_per_minute: float
    pickup_minutes: float
    dropoff_minutes: float
    maximum_minutes: float
    restaurants: dict[str, Point]

    def travel(self, origins: Floats, destinations: Floats) -> Floats:
        """(n, m) whole minutes, rounded up, from (n, 2) places to (m, 2) places, as in the public instances."""
        x = origins[:, 0, np.newaxis] - destinations[np.newaxis, :, 0]
        y = origins[:, 1, np.newaxis] - destinations[np.newaxis, :, 1]
        # Places that came by way of degrees are off by a nanometre: a way of 3 minutes must not become one of 4.
        minutes: Floats = np.ceil(np.sqrt(x * x + y * y) / self.metres_per_minute - 1e-9)
        return minutes


@dataclass(frozen=True, slots=True)
class Order:
    """A placed order without a courier; ready_at may lie in the future or the past (minutes)."""

    id: str
    restaurant: str
    door: Point
    placed_at: float
    ready_at: float


@dataclass(frozen=True, slots=True)
class Courier:
    """Who can carry: at `place` (metres) from `free_at` on; picks up no later than `off_at` (minutes).

    free_at is in the past for who waits, in the future for who still drives or whose shift comes later.
    passed_over: orders they refused.
    room: orders they can have at one time, so in one trip.
    """

    id: str
    place: Point
    free_at: float
    off_at: float
    passed_over: frozenset[str] = frozenset()
    room: int = 99


@dataclass(frozen=True, slots=True)
class View:
    """All that may be known at `now`."""

    now: float
    city: City
    orders: Sequence[Order]
    couriers: Sequence[Courier]


@dataclass(frozen=True, slots=True)
class Job:
    """One trip: the orders, all of one restaurant, in the sequence of their doors."""

    courier: str
    orders: tuple[str, ...] = field(default=())


class Policy(Protocol):
    """May keep things between calls; `now` never goes back."""

    def decide(self, view: View) -> list[Job]:
        """Jobs whose couriers, free by now, leave now. No order and no courier twice."""
        ...

    def due_at(self) -> float | None:
        """When the next job of those kept back must leave (minutes); None where none is."""
        ...

    def memory(self) -> dict[str, Any]:
        """What is kept between calls, as JSON can hold it: whoever decides next may go on from it."""
        ...

    def recall(self, memory: dict[str, Any]) -> None:
        """Go on from another's `memory`. Whatever is missing or stale in it costs quality, never more."""
        ...


def points(places: Sequence[Point]) -> Floats:
    """(n, 2) metres, also for none."""
    return np.array(places, dtype=float).reshape(-1, 2)
