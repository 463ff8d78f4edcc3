"""Facts of a restaurant, on `restaurants.events`: key = restaurant id, sequence = the restaurant's version."""

from __future__ import annotations

from messaging.envelope import Event, event_type

TOPIC = "restaurants.events"


class RestaurantEvent(Event, frozen=True, kw_only=True):
    """What every fact of a restaurant carries."""

    restaurant_id: int
    zone: str


@event_type("restaurant.item_sold_out", topic=TOPIC)
class ItemSoldOut(RestaurantEvent, frozen=True, kw_only=True):
    """An item ran out; baskets that hold it are refused at checkout."""

    item_id: int


@event_type("restaurant.item_available", topic=TOPIC)
class ItemAvailable(RestaurantEvent, frozen=True, kw_only=True):
    """The item can be ordered again."""

    item_id: int


@event_type("restaurant.paused", topic=TOPIC)
class RestaurantPaused(RestaurantEvent, frozen=True, kw_only=True):
    """It takes no orders until it resumes; those it has go on."""


@event_type("restaurant.resumed", topic=TOPIC)
class RestaurantResumed(RestaurantEvent, frozen=True, kw_only=True):
    """It takes orders again."""
