"""What the sweeper looks after for this room."""

from __future__ import annotations

from messaging.sweeping import duty

from .alerts.duties import tell_directly
from .fanout.duties import remind_posts
from .pruning import prune_notices, prune_ranges

duty(remind_posts, every=30.0)
duty(tell_directly, every=15.0, aside=True)
duty(prune_notices, every=60.0, aside=True)
duty(prune_ranges, every=300.0, aside=True)
