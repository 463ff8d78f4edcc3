"""Finding restaurants: by words, by zone, by cuisine."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from .city import city_now
from .models import MenuItem, Restaurant


@dataclass(frozen=True, slots=True)
class Listed:
    restaurant: Restaurant
    is_open: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Restaurants by zone, open ones first, and what there is to choose from."""

    zones: list[tuple[str, list[Listed]]]
    all_zones: list[str]
    all_cuisines: list[str]
    count: int


def find_restaurants(*, words: str = "", zone: str = "", cuisine: str = "") -> Found:
    """Restaurants whose name, cuisine or menu holds the words, each filter optional."""
    places = Restaurant.objects.values_list("zone", "cuisine")
    found = Restaurant.objects.prefetch_related("hours").order_by("zone", "name")
    if words := words.replace("\0", "").strip()[:80]:
        dish = MenuItem.objects.filter(restaurant=OuterRef("pk"), name__icontains=words)
        found = found.filter(Q(name__icontains=words) | Q(cuisine__icontains=words) | Exists(dish))
    if zone:
        found = found.filter(zone=zone.replace("\0", ""))
    if cuisine:
        found = found.filter(cuisine=cuisine.replace("\0", ""))
    now = city_now()
    by_zone: dict[str, list[Listed]] = {}
    for restaurant in found:
        by_zone.setdefault(restaurant.zone, []).append(Listed(restaurant, restaurant.is_open(now)))
    for listed in by_zone.values():
        listed.sort(key=lambda entry: not entry.is_open)
    pairs = list(places)
    return Found(
        zones=list(by_zone.items()),
        all_zones=sorted({place[0] for place in pairs}),
        all_cuisines=sorted({place[1] for place in pairs}),
        count=sum(map(len, by_zone.values())),
    )
