"""The loop: look at each pool once a second, start or drain a worker, write down what was seen and done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from django.db import DatabaseError, close_old_connections

from messaging.models import ScalingSample

from .look import Gauge
from .pool import Pool
from .rule import Decider, Look, Rule

logger = logging.getLogger(__name__)

#: Seconds between looks, and between samples while there is nothing to see.
EVERY, AT_REST = 1.0, 30.0


class Scaler:
    """Scales pools, each by its own rule."""

    def __init__(self, pools: Sequence[Pool], rules: Mapping[str, Rule]) -> None:
        self.pools = list(pools)
        self._gauges = {pool.name: Gauge(pool.queues) for pool in pools}
        self._deciders = {pool.name: Decider(rules[pool.name]) for pool in pools}
        self._sampled: dict[str, float] = {}
        self._busy: dict[str, bool] = {}

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; then the workers it started are ended in order."""
        try:
            while not stop.wait(EVERY):
                for pool in self.pools:
                    try:
                        self.look_at(pool)
                    except DatabaseError as error:
                        logger.warning("pool %s: %s", pool.name, str(error).strip())
                        close_old_connections()
        finally:
            for pool in self.pools:
                pool.close()

    def look_at(self, pool: Pool) -> None:
        """One look at one pool, and what follows from it."""
        for told in pool.look_after():
            logger.info(told)
        look = self._gauges[pool.name].look()
        before = pool.workers
        wanted, reason = self._deciders[pool.name].decide(look, workers=before, now=time.monotonic())
        if wanted > before:
            pool.start()
        elif wanted < before:
            pool.drain()
        if reason:
            logger.info("pool %s: %d workers → %d: %s", pool.name, before, wanted, reason)
        if look is not None:
            self._sample(pool, look, before, wanted, reason)

    def _sample(self, pool: Pool, look: Look, workers: int, wanted: int, reason: str) -> None:
        now = time.monotonic()
        busy = bool(look.waiting or look.in_work or workers > 1 or reason)
        # The first quiet look ends what a chart draws.
        if not busy and not self._busy.get(pool.name) and now - self._sampled.get(pool.name, float("-inf")) < AT_REST:
            return
        self._busy[pool.name], self._sampled[pool.name] = busy, now
        ScalingSample.objects.create(
            pool=pool.name,
            waiting=look.waiting,
            in_work=look.in_work,
            age_seconds=round(look.age, 2),
            workers=workers,
            wanted=wanted,
            reason=reason[:200],
        )
