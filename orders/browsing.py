"""Finding restaurants: by words, by zone, by cuisine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from .city import city_now
from .models import MenuItem, Restaurant
from .pricing.fares import Fee, fees_of
from .ratings import Average, averages
from .search import SLIP, Query

#: Dishes named beside a restaurant that was found by them.
DISHES = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """A restaurant, what its delivery costs now, its rating where it has one, and the dishes that were looked for."""

    restaurant: Restaurant
    is_open: bool
    fee: Fee
    rating: Average | None = None
    dishes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """How near a restaurant is to what was asked; lower is nearer."""

    cost: int
    dishes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Restaurants by zone, open ones first, and what there is to choose from.

    `forgiven`: nothing is called quite as was asked, and these are near it.
    """

    zones: list[tuple[str, list[Listed]]]
    all_zones: list[str]
    all_cuisines: list[str]
    count: int
    forgiven: bool = False


def find_restaurants(*, words: str = "", zone: str = "", cuisine: str = "") -> Found:
    """Restaurants whose name, cuisine or menu is near the words, each filter optional; the nearest first."""
    places = list(Restaurant.objects.prefetch_related("hours").order_by("zone", "name"))
    chosen = [each for each in places if zone in ("", each.zone) and cuisine in ("", each.cuisine)]
    hits: dict[int, Hit] = {each.pk: Hit(0) for each in chosen}
    if (query := Query.of(words[:80])).words:
        hits = _near(query, chosen)
    now, rated, fees = city_now(), averages(hits), fees_of(chosen)
    by_zone: dict[str, list[Listed]] = {}
    for each in chosen:
        if each.pk in hits:
            listed = Listed(each, each.is_open(now), fees[each.pk], rated.get(each.pk), hits[each.pk].dishes)
            by_zone.setdefault(each.zone, []).append(listed)
    for entries in by_zone.values():
        entries.sort(key=lambda entry: (not entry.is_open, hits[entry.restaurant.pk].cost))
    return Found(
        # The zone with the nearest name first; without words, as they are called.
        zones=sorted(by_zone.items(), key=lambda pair: min(hits[entry.restaurant.pk].cost for entry in pair[1])),
        all_zones=sorted({each.zone for each in places}),
        all_cuisines=sorted({each.cuisine for each in places}),
        count=len(hits),
        forgiven=bool(hits) and all(hit.cost >= SLIP for hit in hits.values()),
    )


def restaurants_of(ids: Collection[int], *, at: datetime) -> dict[int, Listed]:
    """These restaurants by id, as they are at a city time; one that is gone is left out."""
    places = list(Restaurant.objects.prefetch_related("hours").filter(pk__in=ids))
    rated, fees = averages(ids), fees_of(places)
    return {each.pk: Listed(each, each.is_open(at), fees[each.pk], rated.get(each.pk)) for each in places}


def _near(query: Query, restaurants: Iterable[Restaurant]) -> dict[int, Hit]:
    menus: dict[int, list[str]] = {}
    named = {each.pk: f"{each.name} {each.cuisine}" for each in restaurants}
    for restaurant, dish in MenuItem.objects.filter(restaurant__in=named).values_list("restaurant", "name"):
        menus.setdefault(restaurant, []).append(dish)
    hits = {}
    for pk, name in named.items():
        dishes = sorted((cost, dish) for dish in menus.get(pk, []) if (cost := query.cost(dish)) is not None)
        cost = query.cost(name)
        costs = [each for each in (cost, dishes[0][0] + 1 if dishes else None) if each is not None]
        if costs:
            hits[pk] = Hit(min(costs), tuple(dish for _, dish in dishes[:DISHES]))
    # Who types a name right means that name: what is only near it is noise then.
    exact = {pk: hit for pk, hit in hits.items() if hit.cost < SLIP}
    return exact or hits
