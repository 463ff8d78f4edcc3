"""Browsing, on `behaviour.events`: stream traffic, key = a random token of the visitor's that changes every day."""

from __future__ import annotations

from messaging.envelope import Event, event_type

TOPIC = "behaviour.events"


class BrowsingEvent(Event, frozen=True, kw_only=True):
    """What a visitor did who agreed to be counted. `visitor` names no account, and nobody for longer than a day."""

    visitor: str


@event_type("browsing.searched", topic=TOPIC)
class Searched(BrowsingEvent, frozen=True, kw_only=True):
    """Looked for restaurants: how many were found. The words themselves are not kept: people type names into them."""

    found: int
    zone: str = ""
    cuisine: str = ""


@event_type("browsing.menu_seen", topic=TOPIC)
class MenuSeen(BrowsingEvent, frozen=True, kw_only=True):
    """A restaurant's menu was on the screen."""

    restaurant_id: int
    zone: str = ""


@event_type("browsing.put_in", topic=TOPIC)
class PutIn(BrowsingEvent, frozen=True, kw_only=True):
    """An item went into the basket; `zone` is the restaurant's."""

    restaurant_id: int
    zone: str = ""
    item_id: int
    quantity: int = 1


@event_type("browsing.taken_out", topic=TOPIC)
class TakenOut(BrowsingEvent, frozen=True, kw_only=True):
    """An item left the basket."""

    restaurant_id: int
    zone: str = ""
    item_id: int
