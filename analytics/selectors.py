"""All that pages may ask of this room, in one place."""

from .audit.selectors import story, where_events_stand
from .metrics.selectors import ClickToDoor, Minute, click_to_door, click_to_door_seconds, minutes, orders_by_status
from .recommendations.page import Advice, advise
from .recommendations.selectors import Suggestion, also_ordered_with

__all__ = [
    "Advice",
    "ClickToDoor",
    "Minute",
    "Suggestion",
    "advise",
    "also_ordered_with",
    "click_to_door",
    "click_to_door_seconds",
    "minutes",
    "orders_by_status",
    "story",
    "where_events_stand",
]
