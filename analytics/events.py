"""All event types of this room, for whoever loads the catalogue."""

from .behaviour.events import BrowsingEvent, MenuSeen, PutIn, Searched, TakenOut

__all__ = ["BrowsingEvent", "MenuSeen", "PutIn", "Searched", "TakenOut"]
