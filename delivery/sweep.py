"""What the sweeper looks after for incidents of this room; the rest of delivery's duties stand in `sweeper.py`."""

from __future__ import annotations

from messaging.sweeping import duty

from .forsaken import watch_undispatched
from .giving_back import settle_stuck
from .ticks import EVERY, tell_market

duty(watch_undispatched, every=5.0)
duty(settle_stuck, every=5.0)
duty(tell_market, every=EVERY)
