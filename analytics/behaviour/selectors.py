"""The funnel: what pages read of behaviour, always the live generation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from messaging.consuming.positions import live_generation

from .models import BrowsingHour, OrderHour

GROUP = "behaviour"


@dataclass(frozen=True, slots=True)
class Funnel:
    """From the menu to the door. The first three count visitors who agreed to be counted, once an hour and restaurant;
    the last two all orders. So the steps can be compared with themselves at another time, not with each other.
    """

    searched: int
    menu_seen: int
    put_in: int
    placed: int
    delivered: int

    @property
    def steps(self) -> list[tuple[str, int]]:
        names = ("Menu seen", "Put in the basket", "Order placed", "Delivered")
        return list(zip(names, (self.menu_seen, self.put_in, self.placed, self.delivered), strict=True))


def funnel(since: datetime, until: datetime, *, zone: str = "", restaurant: int = 0) -> Funnel:
    """Of the hours from `since` to `until` (wall time)."""
    place = Q(zone=zone) if zone else Q()
    if restaurant:
        place &= Q(restaurant_id=restaurant)
    hours = Q(hour__gte=since, hour__lt=until, generation=live_generation(GROUP))
    everywhere = BrowsingHour.objects.filter(hours)
    browsed = everywhere.filter(place).aggregate(
        menu_seen=Count("id", filter=Q(menus__gt=0)), put_in=Count("id", filter=Q(put_in__gt=0))
    )
    ordered = OrderHour.objects.filter(hours & place).aggregate(placed=Sum("placed"), delivered=Sum("delivered"))
    searched = everywhere.filter(searches__gt=0).count()
    return Funnel(searched, browsed["menu_seen"], browsed["put_in"], ordered["placed"] or 0, ordered["delivered"] or 0)
