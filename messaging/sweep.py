"""What the sweeper looks after for the two roads: incidents, and what they are owed."""

from __future__ import annotations

from messaging.alerting.answering import answer_incidents
from messaging.alerting.machine import watch_dead_letters, watch_lag, watch_workers
from messaging.alerting.pruning import prune_incidents
from messaging.sweeping import duty

duty(answer_incidents)
duty(watch_dead_letters, every=5.0)
duty(watch_lag, every=10.0, aside=True)
duty(watch_workers, every=10.0, aside=True)
duty(prune_incidents, every=300.0, aside=True)
