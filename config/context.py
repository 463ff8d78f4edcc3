"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.demo import demo_roles
from orders.basket import load_basket


def demo(request: HttpRequest) -> dict[str, object]:
    """Whether one-click demo roles may be offered; they are looked up only by the pages that show them."""
    return {"demo": settings.DEMO, "demo_roles": SimpleLazyObject(demo_roles) if settings.DEMO else []}


def basket(request: HttpRequest) -> dict[str, object]:
    """How many items lie in the visitor's basket, for the head of the page."""
    return {"basket_count": SimpleLazyObject(lambda: load_basket(request.session).count)}
