"""A courier's way: straight, at the city's pace, in whole minutes."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

from .plan import METRES_PER_DEGREE


class Point(NamedTuple):
    latitude: float
    longitude: float


def metres(a: Point, b: Point, *, origin_latitude: float) -> float:
    """Straight line on the plane that the city's coordinates were laid on."""
    north = (b.latitude - a.latitude) * METRES_PER_DEGREE
    east = (b.longitude - a.longitude) * METRES_PER_DEGREE * math.cos(math.radians(origin_latitude))
    return math.hypot(north, east)


def ride(a: Point, b: Point, *, origin_latitude: float, metres_per_minute: float) -> timedelta:
    """Whole minutes, rounded up (Reyes et al. 2018); the small term forgives what degrees do to a whole minute."""
    return timedelta(minutes=math.ceil(metres(a, b, origin_latitude=origin_latitude) / metres_per_minute - 1e-6))


def between(a: Point, b: Point, share: float) -> Point:
    """The point a share (0 to 1) of the way from a to b."""
    return Point(a.latitude + (b.latitude - a.latitude) * share, a.longitude + (b.longitude - a.longitude) * share)
