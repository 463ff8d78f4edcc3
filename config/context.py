"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.demo import demo_roles
from accounts.models import User
from analytics.behaviour.consent import choice_of
from messaging.models import Incident
from notifications.inbox import unread
from orders.basket import load_basket


def demo(request: HttpRequest) -> dict[str, object]:
    """Whether one-click demo roles may be offered; they are looked up only by the pages that show them."""
    return {"demo": settings.DEMO, "demo_roles": SimpleLazyObject(demo_roles) if settings.DEMO else []}


def basket(request: HttpRequest) -> dict[str, object]:
    """How many items lie in the visitor's basket, for the head of the page."""
    return {"basket_count": SimpleLazyObject(lambda: load_basket(request.session).count)}


def inbox(request: HttpRequest) -> dict[str, object]:
    """How many notices the signed-in person has not read, for the head of the page."""
    user = getattr(request, "user", None)
    return {"unread": SimpleLazyObject(lambda: unread(user.pk)) if isinstance(user, User) else 0}


def browsing(request: HttpRequest) -> dict[str, object]:
    """Whether the visitor lets browsing be counted: yes, no, ask, or off where nobody is asked."""
    return {"browsing": choice_of(request)}


def incidents(request: HttpRequest) -> dict[str, object]:
    """How many incidents nobody has taken up; asked only by the pages of operators."""
    return {"incidents_unattended": SimpleLazyObject(lambda: Incident.objects.unattended().count())}
