"""What the sweeper looks after for incidents of this room; the rest of delivery's duties stand in `sweeper.py`."""

from __future__ import annotations

from messaging.sweeping import duty

from .forsaken import watch_undispatched

duty(watch_undispatched, every=5.0)
