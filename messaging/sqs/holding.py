"""Keeping a message hidden while its command still runs.

Upstream, a command that outlasts the visibility timeout runs a second time beside itself. A longer timeout is no
answer: after a crash the message stays hidden for all of it. So the timeout stays short and is renewed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Held:
    url: str
    handle: str
    renew_at: float
    until: float


class Holds:
    """Which messages to keep hidden: each is renewed at half its timeout, and for `longest` seconds in all.

    The bound is for a command that never ends: its message goes to another worker, and in the end to the dead letters.
    """

    def __init__(self, *, visibility: float, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._visibility = visibility
        self._longest = longest
        self._clock = clock
        self._held: dict[str, Held] = {}

    @property
    def check_every(self) -> float:
        """Seconds between looks at `due`: what is due is then renewed with a quarter of its timeout to spare."""
        return self._visibility / 4

    def add(self, url: str, handle: str) -> None:
        now = self._clock()
        self._held[handle] = Held(url, handle, now + self._visibility / 2, now + self._longest)

    def drop(self, handle: str) -> None:
        """Settled, or lost to another worker."""
        self._held.pop(handle, None)

    def clear(self) -> None:
        self._held.clear()

    def due(self) -> list[Held]:
        """What must be renewed now."""
        now = self._clock()
        # A copy made in one step: the loop and the pool's threads add and drop meanwhile.
        due = [held for held in list(self._held.values()) if held.renew_at <= now]
        for held in due:
            if held.until <= now + self._visibility:
                self.drop(held.handle)
        return [held for held in due if held.until > now + self._visibility]

    def renewed(self, held: Held) -> None:
        held.renew_at = self._clock() + self._visibility / 2
