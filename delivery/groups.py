"""The consumer groups of this room.

`positions` and `promises` write what other tables decide at that moment, so only `preparation` can be replayed.
"""

from __future__ import annotations

from messaging.consuming.group import consumer_group
from orders.events import TOPIC

from . import positions
from .eta import learning, promises
from .eta.models import PreparationCount, PreparationOpen

consumer_group(
    "positions", topics=["couriers.positions"], replayable=False, batch=4000, gather_ms=positions.FOLD_EVERY_MS
)(positions.fold)
consumer_group("preparation", topics=[TOPIC], tables=[PreparationCount, PreparationOpen])(learning.learn)
consumer_group("promises", topics=[TOPIC], replayable=False)(promises.keep)
