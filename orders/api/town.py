"""What anybody may know: the city, its restaurants and their menus."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from orders.city import CityNow, city_now
from orders.menu import restaurant_with_menu, sections
from orders.models import City, Restaurant
from orders.pricing.fares import fees_of
from orders.pricing.quotes import quote_for

from .schemas import CityOut, MenuOut, RestaurantOut

router = Router(tags=["city"])


@router.get("/city", response=CityOut)
def city(request: HttpRequest) -> City:
    """The city's clock and geography."""
    return City.objects.annotate(now=CityNow()).get(pk=1)


@router.get("/restaurants", response=list[RestaurantOut])
def restaurants(request: HttpRequest) -> list[RestaurantOut]:
    """Every restaurant, and whether it takes orders at this moment of city time."""
    now, every = city_now(), list(Restaurant.objects.prefetch_related("hours").order_by("name"))
    fees = fees_of(every)
    return [RestaurantOut.of(each, now=now, fee=fees[each.pk]) for each in every]


@router.get("/restaurants/{slug}", response=MenuOut)
def restaurant(request: HttpRequest, slug: str) -> MenuOut:
    """One restaurant with its menu."""
    found = restaurant_with_menu(slug)
    return MenuOut.with_sections(found, sections(found), now=city_now(), quote=quote_for(found))
