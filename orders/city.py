"""City time and city distance: the one clock and the one ruler of the domain."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Func
from django.db.models.functions import Now

from .models import City

#: Metres per degree of latitude on the sphere that planar coordinates are laid on.
METRES_PER_DEGREE = 111_320.0


class CityNow(Func):
    """`city_now()` in a query, so that deadlines are written and compared by one clock."""

    function = "city_now"
    arity = 0
    output_field = DateTimeField()


class CityAfter(Func):
    """City time a number of city seconds from now."""

    template = "city_now() + %(expressions)s * interval '1 second'"
    arity = 1
    output_field = DateTimeField()


def city_now() -> datetime:
    """The city's time, from the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT city_now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def the_city() -> City:
    """The city's row; the migrations make it."""
    return City.objects.get(pk=1)


def set_clock(*, at: datetime | None = None, speed: float | None = None) -> None:
    """Start the clock anew from a city time (default: its present one), at a speed (default: its present one)."""
    changes: dict[str, Any] = {"anchor_city": at or CityNow(), "anchor_wall": Now()}
    if speed is not None:
        changes["speed"] = speed
    City.objects.filter(pk=1).update(**changes)


#: One reading of the wall clock for both anchors, taken once the row is ours: a change that waited for another would
#: else begin with a jump.
CHANGE_SPEED = """
    WITH here AS MATERIALIZED (SELECT id FROM orders_city WHERE id = 1 FOR UPDATE),
    moment AS MATERIALIZED (SELECT id, clock_timestamp() AS wall FROM here)
    UPDATE orders_city city SET anchor_city = anchor_city + (moment.wall - anchor_wall) * speed,
        anchor_wall = moment.wall, speed = %s
    FROM moment WHERE city.id = moment.id
"""


def change_speed(speed: float) -> None:
    """Let city time run at another speed (city seconds a wall second) from now on, without a jump."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGE_SPEED, [speed])


def to_degrees(x: float, y: float, *, latitude: float, longitude: float) -> tuple[float, float]:
    """Latitude and longitude of a planar point (metres east and north of the city's origin)."""
    return (
        latitude + y / METRES_PER_DEGREE,
        longitude + x / (METRES_PER_DEGREE * math.cos(math.radians(latitude))),
    )


def distance_metres(a: tuple[float, float], b: tuple[float, float], *, origin_latitude: float) -> float:
    """Straight line between two (latitude, longitude) points in metres, on the city's plane.

    The plane is the one `to_degrees` lays, so a public instance's distances survive the way there and back.
    """
    north = (b[0] - a[0]) * METRES_PER_DEGREE
    east = (b[1] - a[1]) * METRES_PER_DEGREE * math.cos(math.radians(origin_latitude))
    return math.hypot(north, east)


def travel_time(metres: float, *, metres_per_minute: float) -> timedelta:
    """A courier's way in whole minutes, rounded up, as in the public instances (Reyes et al. 2018)."""
    return timedelta(minutes=math.ceil(metres / metres_per_minute - 1e-6))
