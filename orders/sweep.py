"""What the sweeper looks after for this room's incidents."""

from __future__ import annotations

from messaging.sweeping import duty

from .lateness import watch_kitchens
from .payments.failing import watch_payments

duty(watch_kitchens, every=5.0)
duty(watch_payments, every=10.0)
