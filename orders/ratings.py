"""Rating the food and the courier, apart: once an order, after it was delivered, and changed for a while."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Avg, Count

from accounts.models import User

from .city import city_now
from .lifecycle import lock_order
from .models import Order, Rating, Status

#: City time after delivery within which a customer rates, or thinks again.
OPEN_FOR = timedelta(days=2)


class CannotRate(Exception):
    """Nothing was written. `code` is not_delivered, too_late, nothing_said or bad_stars."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Average:
    """Of one to five stars, over so many ratings."""

    stars: float
    count: int


@transaction.atomic
def rate(order_id: uuid.UUID | str, *, by: User, food: int | None, courier: int | None, note: str = "") -> Rating:
    """Say what it was like, one to five stars each; None leaves the one or the other unsaid.

    Raises:
        Order.DoesNotExist: unknown or another's. CannotRate: not delivered, too long ago, or senseless stars.
    """
    Order.objects.for_customer(by.pk).only("pk").get(pk=order_id)
    # Under the order's lock, so that of two windows the later one changes what the first one said.
    order = lock_order(order_id)
    if not may_rate(order):
        if order.status != Status.DELIVERED:
            raise CannotRate("not_delivered", "An order can be rated once it is delivered.")
        raise CannotRate("too_late", "This order was delivered too long ago to be rated.")
    if food is None and courier is None:
        raise CannotRate("nothing_said", "Choose how many stars the food or the courier gets.")
    if any(stars is not None and not 1 <= stars <= 5 for stars in (food, courier)):
        raise CannotRate("bad_stars", "One to five stars.")
    rating, _ = Rating.objects.update_or_create(
        order=order,
        defaults={"food": food, "courier": courier, "note": note[:200]},
        create_defaults={
            "food": food,
            "courier": courier,
            "note": note[:200],
            "restaurant_id": order.restaurant_id,
            "courier_id": order.courier_id,
            "rated_at": city_now(),
        },
    )
    return rating


def may_rate(order: Order) -> bool:
    """Whether it was delivered, and not too long ago."""
    return order.delivered_at is not None and city_now() <= order.delivered_at + OPEN_FOR


def averages(restaurants: Collection[int]) -> dict[int, Average]:
    """What customers thought of the food, by restaurant; one without ratings is left out."""
    if not restaurants:
        return {}
    rows = Rating.objects.filter(restaurant_id__in=restaurants, food__isnull=False)
    found = rows.values("restaurant_id").annotate(stars=Avg("food"), count=Count("pk")).order_by()
    return {row["restaurant_id"]: Average(round(row["stars"], 1), row["count"]) for row in found}


def courier_average(courier_id: int) -> Average | None:
    """What customers thought of a courier."""
    found = Rating.objects.filter(courier_id=courier_id, courier__isnull=False).aggregate(
        stars=Avg("courier"), count=Count("pk")
    )
    return Average(round(found["stars"], 1), found["count"]) if found["count"] else None
