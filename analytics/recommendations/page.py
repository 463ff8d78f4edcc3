"""What a page suggests to one person, and why: the model of `tastes`, over the latest baskets of a place.

Nothing is kept between requests: a fresh order counts as soon as its group has read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.consuming.arrays import plain

from .few import suggest_among
from .tastes import Blend, Suggestion

GROUP = "recommendations"

#: The latest baskets of a restaurant or a zone that speak for everybody there, and of a person's own.
OTHERS, OWN = 80, 20
#: A menu holds dozens of items, not thousands: an item's share of all baskets is some ten times that of the public set,
#: by whose weights what is popular would outshout every habit.
BLEND = Blend(popular=4.0, neighbours=4.0, asked=50)
#: So many orders of an item, and this share of them on one day of the week, are a habit of that day.
HABIT, SHARE = 3, 0.6
DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")

LIVE = """generation = (SELECT number FROM messaging_generation WHERE "group" = %s AND state = 'live')"""
LATEST = f"""
    SELECT customer_id, restaurant_id, restaurant, placed_at, items FROM analytics_placedbasket
    WHERE {LIVE} AND {{where}} ORDER BY placed_at DESC, order_id LIMIT %s
"""
NAMES = f"""
    SELECT item_id, name FROM analytics_itemcount
    WHERE {LIVE} AND restaurant_id = ANY(%s::bigint[]) AND item_id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Basket:
    customer: int
    restaurant: int
    title: str
    placed_at: datetime
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """An item to order next, where, and why in words."""

    item_id: int
    name: str
    restaurant_id: int
    restaurant: str
    why: str


def advise(
    customer: int | None,
    *,
    restaurant: int | None = None,
    zone: str = "",
    without: Collection[int] = (),
    limit: int = 4,
) -> list[Advice]:
    """What a customer (None: a stranger) may want, at one restaurant, in a zone, or anywhere; the likeliest first."""
    here, value = _place(restaurant, zone)
    others = [one for one in _read(here, value, OTHERS) if one.customer != customer]
    own = []
    if customer is not None:
        of_place = here if restaurant else "true"
        own = _read(f"customer_id = %s AND {of_place}", [customer, *(value if restaurant else [])], OWN)
    # One more than is left out, so that as many remain.
    found = [one for one in suggest(own, others, limit=limit + len(without)) if one.item not in without][:limit]
    return _in_words(found, own, others, zone)


def suggest(own: Sequence[Basket], others: Sequence[Basket], *, limit: int) -> list[Suggestion]:
    """The model's answer; both sequences oldest first."""
    told = [(basket.customer, basket.items) for basket in others]
    return suggest_among([basket.items for basket in own], told, blend=BLEND, limit=limit)


def _read(where: str, values: list[Any], count: int) -> list[Basket]:
    """The latest baskets, oldest first. Plain SQL: to put it together from models took longer than to run it."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST.format(where=where), [GROUP, *values, count])
        rows = cursor.fetchall()[::-1]
    return [Basket(customer, place, title, at, tuple(items)) for customer, place, title, at, items in rows]


def _place(restaurant: int | None, zone: str) -> tuple[str, list[Any]]:
    if restaurant:
        return "restaurant_id = %s", [restaurant]
    return ("zone = %s", [zone]) if zone else ("true", [])


def _in_words(found: Sequence[Suggestion], own: Sequence[Basket], others: Sequence[Basket], zone: str) -> list[Advice]:
    places = {item: basket for basket in (*others, *own) for item in basket.items}
    mine = {item for basket in own for item in basket.items}
    wanted = {one.item for one in found} | mine
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [GROUP, plain({places[item].restaurant for item in wanted}), plain(wanted)])
        names: dict[int, str] = dict(cursor.fetchall())
    fans: dict[int, set[int]] = {}
    for basket in others:
        for item in basket.items:
            fans.setdefault(item, set()).add(basket.customer)

    def why(one: Suggestion) -> str:
        if one.item in mine:
            return _habit(one.item, own)
        companion = _companion(one.item, mine, fans, names) if one.reason == "neighbours" else ""
        return companion or _popular(len(fans[one.item]), zone)

    return [
        Advice(
            one.item,
            names.get(one.item, ""),
            places[one.item].restaurant,
            places[one.item].title,
            why(one),
        )
        for one in found
        if names.get(one.item)
    ]


def _habit(item: int, own: Sequence[Basket]) -> str:
    days = [timezone.localtime(basket.placed_at).weekday() for basket in own if item in basket.items]
    day, times = Counter(days).most_common(1)[0]
    if len(days) >= HABIT and times >= SHARE * len(days):
        return f"you order this on {DAYS[day]}"
    # Of somebody who has more baskets than are looked at, the number of all times is not known.
    lately = " lately" if len(own) == OWN else ""
    return f"you ordered this {len(days)} times{lately}" if len(days) > 1 else f"you had this{lately or ' before'}"


def _companion(item: int, mine: Collection[int], fans: dict[int, set[int]], names: dict[int, str]) -> str:
    """Of one's own items, the one that those who ordered this had most often; nothing where nobody had one."""
    shared = {other: len(fans[item] & fans.get(other, set())) for other in mine if names.get(other)}
    best = max(shared, key=lambda other: (shared[other], -other), default=None)
    if best is None or not shared[best]:
        return ""
    if shared[best] == 1:
        return f"somebody who orders {names[best]} had this"
    return f"people who order {names[best]} also order this"


def _popular(people: int, zone: str) -> str:
    where = f"in {zone.replace('-', ' ').title()}" if zone else "here"
    return f"popular {where} now" if people > 1 else f"just ordered {where}"
