"""One city into the database, once; and its clock started, or taken up where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from config.backoffice.groups import write_groups
from orders.city import city_now, set_clock
from orders.models import City, OrderHistory, Restaurant
from simulator.plan import CityPlan

from .accounts import seed_accounts
from .followers import seed_followers
from .places import seed_couriers, seed_restaurants, seed_zones

#: The parts of the system start within this (wall seconds): a day of known orders must not begin without them.
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Seeded:
    """What `seed` did: `fresh` is false when the city stood already. Times are city times."""

    city: str
    fresh: bool
    now: datetime
    speed: float
    restaurants: int
    couriers: int
    customers: int


def seed(plan: CityPlan, *, speed: float | None = None, at: datetime | None = None) -> Seeded:
    """Make the plan's city, unless it stands; then set its clock.

    A new city starts at `at`, else at the plan's time. One that stands goes on at `at`, else, when a speed is given,
    from the last thing known to have happened in it: while nothing ran, no time went by.
    """
    fresh = not stands(plan)
    if fresh:
        speed = speed or 1.0
        lead = timedelta(seconds=START_SECONDS * speed) if plan.orders else timedelta()
        with transaction.atomic():
            write(plan)
            write_groups()
            set_clock(at=at or plan.starts_at - lead, speed=speed)
    elif at is not None or speed is not None:
        set_clock(at=at or last_known_time(), speed=speed)
    city = City.objects.get(pk=1)
    return Seeded(
        city=city.name,
        fresh=fresh,
        now=city_now(),
        speed=city.speed,
        restaurants=len(plan.restaurants),
        couriers=len(plan.couriers),
        customers=len(plan.customers),
    )


def stands(plan: CityPlan) -> bool:
    """Whether this very plan was the last one written: its last restaurant is where it says, under its name."""
    last = plan.restaurants[-1]
    return (
        City.objects.filter(name=plan.name).exists()
        and Restaurant.objects.filter(slug=last.slug, latitude=last.latitude, longitude=last.longitude).exists()
    )


def write(plan: CityPlan) -> None:
    """All that the plan names."""
    seed_zones(plan)
    users: dict[str, User] = seed_accounts(plan)
    seed_restaurants(plan, users)
    seed_couriers(plan, users)
    seed_followers(list(users.values()))
    City.objects.filter(pk=1).update(
        name=plan.name,
        latitude=plan.latitude,
        longitude=plan.longitude,
        metres_per_minute=plan.metres_per_minute,
        pickup_minutes=plan.pickup_minutes,
        dropoff_minutes=plan.dropoff_minutes,
    )


def last_known_time() -> datetime | None:
    """City time of the last recorded fact, or when the clock was last set, whichever is later."""
    happened = OrderHistory.objects.aggregate(last=Max("at"))["last"]
    anchored = City.objects.values_list("anchor_city", flat=True).get(pk=1)
    return max(happened, anchored) if happened else anchored
