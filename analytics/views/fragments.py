"""What others also ordered, for a restaurant's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from analytics import selectors

#: Suggestions shown at most.
SHOWN = 4


@require_GET
def also_ordered(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """Items bought together with those asked about (`?item=…`, repeatable), or the most bought of the restaurant."""
    items = [int(item) for item in request.GET.getlist("item")[:20] if item.isdecimal() and len(item) < 19]
    suggestions = selectors.also_ordered_with(restaurant_id, items, limit=SHOWN)
    return render(request, "analytics/_also_ordered.html", {"suggestions": suggestions, "asked": bool(items)})
