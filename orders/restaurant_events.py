"""Facts of a restaurant, on `restaurants.events`: key = restaurant id, sequence = the restaurant's version."""

from __future__ import annotations

from messaging.envelope import Event, event_type

TOPIC = "restaurants.events"

#: Why a restaurant was paused without anybody's press.
UNANSWERED = "unanswered"
LATE = "late"


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
    """It takes no orders until it resumes; those it has go on. `reason` is empty where somebody pressed.

    `unanswered`: it let orders run out of time. `late`: it was late with several, and resumes when it has caught up.
    """

    reason: str = ""


@event_type("restaurant.resumed", topic=TOPIC)
class RestaurantResumed(RestaurantEvent, frozen=True, kw_only=True):
    """It takes orders again."""


@event_type("restaurant.posted", topic=TOPIC)
class RestaurantPosted(RestaurantEvent, frozen=True, kw_only=True):
    """It has news for all who follow it: `text` in its own public words, written from account `account_id`.

    `name` and `slug` are the restaurant's as they are then, so that readers need nobody's tables.
    """

    account_id: int
    name: str
    slug: str
    text: str
