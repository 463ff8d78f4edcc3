"""From the front page to a menu."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.access import landing
from accounts.asked import by_htmx
from accounts.models import User
from orders.basket import load_basket
from orders.browsing import find_restaurants
from orders.city import city_now
from orders.menu import dishes, restaurant_with_menu
from orders.models import Restaurant
from orders.pricing.fares import fee_of
from orders.ratings import averages


@require_GET
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """Restaurants to choose from; people with work to do are sent to their own page."""
    if isinstance(request.user, User) and (name := landing(request.user)):
        return redirect(name)
    asked = {name: request.GET.get(name, "") for name in ("words", "zone", "cuisine")}
    template = "orders/_restaurants.html" if by_htmx(request) else "orders/home.html"
    return render(request, template, {"found": find_restaurants(**asked), "asked": asked})


@require_GET
def restaurant(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        shop = restaurant_with_menu(slug)
    except Restaurant.DoesNotExist:
        raise Http404("There is no restaurant at this address.") from None
    basket = load_basket(request.session)
    context = {
        "restaurant": shop,
        "sections": dishes(shop),
        "fee": fee_of(shop),
        "rating": averages([shop.pk]).get(shop.pk),
        "is_open": shop.is_open(city_now()),
        "chosen": sorted({line.item for line in basket.lines}) if basket.restaurant == slug else [],
    }
    return render(request, "orders/restaurant.html", context)


@require_GET
def by_id(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """From a restaurant's number, as events carry it, to its page."""
    return redirect("orders:restaurant", get_object_or_404(Restaurant, pk=restaurant_id).slug)
