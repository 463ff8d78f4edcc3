"""What to eat next, and what goes well with a basket: for the pages of other rooms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import Role, User
from analytics import selectors

#: Suggestions shown at most.
SHOWN = 4


@require_GET
def also_ordered(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """Items bought together with those asked about (`?item=…`, repeatable), or the most bought of the restaurant."""
    items = [int(item) for item in request.GET.getlist("item")[:20] if item.isdecimal() and len(item) < 19]
    suggestions = selectors.also_ordered_with(restaurant_id, items, limit=SHOWN)
    return render(request, "analytics/_also_ordered.html", {"suggestions": suggestions, "asked": bool(items)})


@require_GET
def for_you(request: HttpRequest) -> HttpResponse:
    """What the visitor may want next (`?restaurant=ID`, or `?zone=slug`, or anywhere), and why; strangers see what is
    popular. `?item=…` (repeatable) names what lies in the basket already.
    """
    place, zone = request.GET.get("restaurant", ""), request.GET.get("zone", "").replace("\0", "")[:60]
    restaurant = int(place) if place.isdecimal() and len(place) < 19 else None
    held = {int(item) for item in request.GET.getlist("item")[:20] if item.isdecimal() and len(item) < 19}
    user = request.user
    customer = user.pk if isinstance(user, User) and user.role == Role.CUSTOMER else None
    advice = selectors.advise(customer, restaurant=restaurant, zone=zone, without=held, limit=SHOWN)
    return render(request, "analytics/_for_you.html", {"advice": advice, "known": customer, "here": restaurant})
