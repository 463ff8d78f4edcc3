"""What pages read of the dashboard's tables: always the live generation, at a city time that the caller gives."""

from .lately import Durations, Ending, Load, Minute, Place, durations, durations_by_step, endings, load, minutes
from .lately import restaurants as restaurants_lately
from .lately import zones as zones_lately
from .now import Attention, Latest, Pace, Use, attention, couriers, latest, pace, states, undeliverable
from .rules import DEFAULT, Rule
from .scope import CITY, Scope

__all__ = [
    "CITY",
    "DEFAULT",
    "Attention",
    "Durations",
    "Ending",
    "Latest",
    "Load",
    "Minute",
    "Pace",
    "Place",
    "Rule",
    "Scope",
    "Use",
    "attention",
    "couriers",
    "durations",
    "durations_by_step",
    "endings",
    "latest",
    "load",
    "minutes",
    "pace",
    "restaurants_lately",
    "states",
    "undeliverable",
    "zones_lately",
]
