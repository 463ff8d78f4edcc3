"""What a restaurant tells those who follow it: one event, whatever their number."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import User
from messaging.outbox import publish

from .city import city_now
from .models import Restaurant
from .restaurant_events import RestaurantPosted

#: Characters of a post: what fits a phone's lock screen.
MAX_TEXT = 280
#: Wall time between two posts of a restaurant: each may ring a million telephones.
POST_EVERY = timedelta(minutes=10)


class CannotPost(ValueError):
    """Nothing was published; the message says why, in words for the restaurant. `code`: empty, too_long, too_soon."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@transaction.atomic
def post(text: str, *, by: User) -> uuid.UUID:
    """Tell all followers of the user's restaurant; the id of the event that says so.

    Raises:
        Restaurant.DoesNotExist: the user has no restaurant.
        CannotPost: empty, too long, or too soon after the last.
    """
    # PostgreSQL's text holds no NUL.
    text = " ".join(text.replace("\0", " ").split())
    if not text:
        raise CannotPost("empty", "Write something first.")
    if len(text) > MAX_TEXT:
        raise CannotPost("too_long", f"A post has at most {MAX_TEXT} characters; this has {len(text)}.")
    mine = Restaurant.objects.filter(user=by)
    # Two presses at one instant: the update of one row lets one of them through.
    due = Q(posted_at=None) | Q(posted_at__lte=Now() - POST_EVERY)
    if mine.filter(due).update(posted_at=Now(), version=F("version") + 1) != 1:
        mine.get()
        minutes = POST_EVERY.seconds // 60
        raise CannotPost("too_soon", f"One post every {minutes} minutes: your followers have just heard from you.")
    restaurant = mine.get()
    fact = RestaurantPosted(
        restaurant_id=restaurant.id,
        zone=restaurant.zone,
        account_id=by.id,
        name=restaurant.name,
        slug=restaurant.slug,
        text=text,
    )
    return publish(fact, key=str(restaurant.id), sequence=restaurant.version, at=city_now())
