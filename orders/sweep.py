"""What the sweeper looks after for this room's incidents."""

from __future__ import annotations

from messaging.sweeping import duty

from .lateness import watch_kitchens
from .payments.failing import watch_payments
from .pricing.fares import calm_silent_zones
from .pricing.quotes import forget_quotes

duty(watch_kitchens, every=5.0)
duty(watch_payments, every=10.0)
duty(calm_silent_zones, every=10.0)
duty(forget_quotes, every=300.0, aside=True)
