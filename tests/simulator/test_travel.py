from datetime import timedelta

import pytest

from orders.city import distance_metres
from orders.city import travel_time as platform_travel_time
from simulator.plan import ORIGIN, to_degrees
from simulator.travel import Point, between, metres, ride

LATITUDE = ORIGIN[0]


def at(x: float, y: float) -> Point:
    return Point(*to_degrees(x, y))


@pytest.mark.parametrize(
    ("x", "y", "minutes"),
    [(0, 0, 0), (1, 0, 1), (320, 0, 1), (0, 320, 1), (320.1, 0, 2), (3200, 0, 10), (1920, 2560, 10), (3000, 4000, 16)],
)
def test_a_ride_takes_whole_minutes_rounded_up(x: float, y: float, minutes: int) -> None:
    assert ride(at(0, 0), at(x, y), origin_latitude=LATITUDE, metres_per_minute=320) == timedelta(minutes=minutes)


def test_the_platform_would_say_the_same() -> None:
    a, b = at(9755, 1693), at(4271, 5055)

    assert metres(a, b, origin_latitude=LATITUDE) == distance_metres(a, b, origin_latitude=LATITUDE)
    assert ride(a, b, origin_latitude=LATITUDE, metres_per_minute=427) == platform_travel_time(
        metres(a, b, origin_latitude=LATITUDE), metres_per_minute=427
    )


def test_halfway_is_in_the_middle() -> None:
    half = between(at(0, 0), at(1000, 2000), 0.5)

    assert half.latitude == pytest.approx(at(500, 1000).latitude)
    assert half.longitude == pytest.approx(at(500, 1000).longitude)
