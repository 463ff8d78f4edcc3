"""How many messages a worker may hold: few when they take long, enough to be busy when they do not.

With two messages a slot a receive brings two or three, so that a worker of fast commands spends its time on receives;
with many messages a slot, slow commands make messages wait behind them while other workers have nothing to do. So it
follows the pace: never less than Celery's own prefetch count, and beyond that only what is done in HORIZON seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: SQS's limit for any batch.
BATCH = 10
#: For how many seconds of work messages may wait. The pace is measured over WINDOW, and halves in each without work.
HORIZON = 0.2
WINDOW = 0.2


class Reach:
    """`most` bounds what a fast pace allows; SQS hides at most that many messages for one worker that dies."""

    def __init__(self, *, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._since = clock()
        self._done = 0
        self._pace = 0.0

    def done(self) -> None:
        """A message is settled. Called by many threads without a lock: one lost now and then does not matter."""
        self._done += 1

    def limit(self, prefetch: int) -> int:
        """How many messages may be held now, when Celery asks for `prefetch`."""
        elapsed = self._clock() - self._since
        if elapsed >= WINDOW:
            # A server that pauses for a moment must not end a good pace; slow commands end it within a second.
            self._pace = max(self._done / elapsed, self._pace * 0.5 ** (elapsed / WINDOW))
            self._done = 0
            self._since = self._clock()
        return max(prefetch, min(int(self._pace * HORIZON), self._most))
