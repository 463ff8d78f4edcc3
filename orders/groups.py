"""The consumer groups of this room."""

from __future__ import annotations

from messaging.consuming.group import consumer_group

from .models import Pressure
from .pricing import apply as pricing
from .pricing.fares import GROUP
from .pricing.ticks import TOPIC, PricingTick

#: Ticks come for ever: gathered for a moment, they are a transaction or two a second.
consumer_group(GROUP, topics=[TOPIC], tables=[Pressure], types=[PricingTick], gather_ms=500)(pricing.apply)
