"""The built-in city: Tarnwick, which exists nowhere. The same seed gives the same city, to the last address."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import cycle

from .allergens import allergens_of
from .menus import EXTRAS, MENUS, RESTAURANTS, Dish
from .names import FIRST_NAMES, STREETS
from .plan import (
    DAY,
    ORIGIN,
    AddressPlan,
    CityPlan,
    CourierPlan,
    CustomerPlan,
    GroupPlan,
    HoursPlan,
    ItemPlan,
    OptionPlan,
    RestaurantPlan,
    ZonePlan,
    to_degrees,
)

COURIERS = 60
CUSTOMERS = 120
CROOKS = 40

#: Each zone and its middle, metres east and north of the city's origin.
ZONES: tuple[tuple[ZonePlan, tuple[float, float]], ...] = (
    (ZonePlan("harbour", "Harbour"), (0, 0)),
    (ZonePlan("old-town", "Old Town"), (2200, 900)),
    (ZonePlan("mill-quarter", "Mill Quarter"), (600, 2600)),
    (ZonePlan("garden-hill", "Garden Hill"), (3000, 3100)),
    (ZonePlan("university", "University"), (4400, 1300)),
)


def build_city(seed: int = 1) -> CityPlan:
    """Five zones, 40 restaurants, 60 couriers, 120 customers; the day starts before lunch."""
    dice = random.Random(seed)
    latitude, longitude = ORIGIN
    return CityPlan(
        name="Tarnwick",
        starts_at=DAY + timedelta(hours=11, minutes=15),
        latitude=latitude,
        longitude=longitude,
        metres_per_minute=320.0,
        pickup_minutes=4.0,
        dropoff_minutes=4.0,
        zones=tuple(zone for zone, _ in ZONES),
        restaurants=_restaurants(dice),
        couriers=_couriers(dice),
        customers=_customers(dice),
        crooks=_crooks(random.Random(f"{seed} crooks")),
    )


def _restaurants(dice: random.Random) -> tuple[RestaurantPlan, ...]:
    # The zones shift by one with each round of cuisines, or each zone would only ever have the same two.
    names = [(cuisine, RESTAURANTS[cuisine][turn], turn) for turn in range(4) for cuisine in RESTAURANTS]
    plans = []
    for index, (cuisine, name, turn) in enumerate(names):
        zone, middle = ZONES[(index + turn) % len(ZONES)]
        latitude, longitude = _near(dice, middle, spread=650)
        plans.append(
            RestaurantPlan(
                slug=_slug(name),
                name=name,
                cuisine=cuisine,
                zone=zone.slug,
                latitude=latitude,
                longitude=longitude,
                preparation_minutes=dice.choice((8, 10, 12, 15, 18)),
                hours=_hours(index),
                delivery_fee=dice.choice((190, 240, 290, 340)),
                items=_menu(dice, MENUS[cuisine]),
            )
        )
    return tuple(plans)


def _hours(index: int) -> tuple[HoursPlan, ...]:
    """Three in four never close, so that a fast clock meets no dead city at night; the rest close at some time."""
    if index % 4 != 3:
        return ()
    spans = (((360, 1560),), ((660, 900), (1020, 1380)), ((480, 1020),))[index // 4 % 3]
    return tuple(HoursPlan(day, opens, closes) for day in range(7) for opens, closes in spans)


def _menu(dice: random.Random, dishes: tuple[Dish, ...]) -> tuple[ItemPlan, ...]:
    left_out = dice.choice(dishes)
    dearer = dice.choice((0, 0, 20, 50, 80))
    return tuple(
        ItemPlan(
            section=dish.section,
            name=dish.name,
            description=dish.description,
            price=dish.price + dearer,
            options=tuple(
                OptionPlan(name, price, group.name)
                for group in EXTRAS.get(dish.extras, ())
                for name, price in group.options
            ),
            groups=tuple(GroupPlan(group.name, group.minimum, group.maximum) for group in EXTRAS.get(dish.extras, ())),
            allergens=allergens_of(dish.section, dish.name),
        )
        for dish in dishes
        if dish is not left_out
    )


def _couriers(dice: random.Random) -> tuple[CourierPlan, ...]:
    plans = []
    for index, (zone, middle) in zip(range(COURIERS), cycle(ZONES), strict=False):
        latitude, longitude = _near(dice, middle, spread=900)
        plans.append(
            CourierPlan(
                username=f"c-{index + 1:02}",
                name=f"{FIRST_NAMES[index % len(FIRST_NAMES)]} {dice.choice('ABDEFGHKLMNOPRSTVWZ')}.",
                zone=zone.slug,
                latitude=latitude,
                longitude=longitude,
                capacity=2 if index % 5 == 4 else 1,
            )
        )
    return tuple(plans)


def _customers(dice: random.Random) -> tuple[CustomerPlan, ...]:
    plans = []
    for index, (_, middle) in zip(range(CUSTOMERS), cycle(ZONES), strict=False):
        addresses = [_address(dice, middle, spread=850)]
        if dice.random() < 0.3:
            addresses.append(_address(dice, dice.choice(ZONES)[1], spread=850))
        plans.append(CustomerPlan(f"cust-{index + 1:03}", tuple(addresses)))
    return tuple(plans)


def _crooks(dice: random.Random) -> tuple[CustomerPlan, ...]:
    middles = cycle(middle for _, middle in ZONES)
    return tuple(
        CustomerPlan(f"new-{index + 1:02}", (_address(dice, middle, spread=850),))
        for index, middle in zip(range(CROOKS), middles, strict=False)
    )


def _address(dice: random.Random, middle: tuple[float, float], *, spread: float) -> AddressPlan:
    line = f"{dice.randint(1, 98)} {dice.choice(STREETS)}"
    return AddressPlan(line, *_near(dice, middle, spread=spread))


def _near(dice: random.Random, middle: tuple[float, float], *, spread: float) -> tuple[float, float]:
    x, y = (dice.triangular(centre - 2 * spread, centre + 2 * spread) for centre in middle)
    latitude, longitude = to_degrees(x, y)
    return round(latitude, 6), round(longitude, 6)


def _slug(name: str) -> str:
    plain = name.lower().replace("é", "e").replace("'", "").replace("&", "and")
    return "-".join(plain.split())
