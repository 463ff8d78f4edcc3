"""The consumer group of this room. What it promises reaches people, so it is never replayed."""

from __future__ import annotations

from messaging.consuming.group import consumer_group
from orders.restaurant_events import RestaurantPosted

from .fanout import posts
from .telling import TOLD, tell

consumer_group("notifications", topics=["orders.events", "payments.transactions"], types=TOLD.keys(), replayable=False)(
    tell
)
# A group of its own: what ails a restaurant's post must not hold back anybody's receipt.
consumer_group("followers", topics=["restaurants.events"], types=[RestaurantPosted], replayable=False)(posts.begin)
