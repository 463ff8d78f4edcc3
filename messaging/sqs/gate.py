"""Whether there is any use in receiving. While what every command needs is away, each receive fails and only brings its
message nearer to the dead letters, where an outage is no reason to be.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

#: Seconds between two looks, and for which a good one is believed.
EVERY = 1.0


class Gate:
    """Closed from the first doubt until `answers()` is true; asked in a thread of its own, as it may take long."""

    def __init__(self, answers: Callable[[], bool], *, every: float = EVERY) -> None:
        self._answers = answers
        self._every = every
        self._lock = threading.Lock()
        self._believed_until = 0.0
        self.closed = False

    def doubt(self) -> None:
        """A command failed, for whatever reason: look before more is received. Called by any thread."""
        with self._lock:
            if self.closed or time.monotonic() < self._believed_until:
                return
            self.closed = True
        threading.Thread(target=self._look, name="gate", daemon=True).start()

    def _look(self) -> None:
        since = time.monotonic()
        away = False
        while not self._answers():
            if not away:
                away = True
                logger.warning("nothing is received until what every command needs answers again")
            time.sleep(self._every)
        if away:
            logger.warning("received again after %.0f s: it answers", time.monotonic() - since)
        with self._lock:
            self._believed_until = time.monotonic() + self._every
            self.closed = False
