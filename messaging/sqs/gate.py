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
    """Closed while `answers()` is false; asked after a doubt, in a thread of its own, as it may take long."""

    def __init__(self, answers: Callable[[], bool], *, every: float = EVERY) -> None:
        self._answers = answers
        self._every = every
        self._lock = threading.Lock()
        self._looking = False
        self._believed_until = 0.0
        self.closed = False

    def doubt(self) -> None:
        """A command failed, for whatever reason: look what it may have missed. Called by any thread.

        Most failures are a command's own, so it is received until the look has come to something.
        """
        with self._lock:
            if self._looking or time.monotonic() < self._believed_until:
                return
            self._looking = True
        threading.Thread(target=self._look, name="gate", daemon=True).start()

    def _look(self) -> None:
        since = time.monotonic()
        while not self._answers():
            if not self.closed:
                self.closed = True
                logger.warning("nothing is received until what every command needs answers again")
            time.sleep(self._every)
        if self.closed:
            logger.warning("received again after %.0f s: it answers", time.monotonic() - since)
        with self._lock:
            self._believed_until = time.monotonic() + self._every
            self._looking = self.closed = False
