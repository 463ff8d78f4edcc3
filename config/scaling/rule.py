"""When another worker starts and when one stops: by depth and age, with patience on both sides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """A pool's queues at one moment. `age` in seconds: the oldest message has waited no longer than this."""

    waiting: int
    in_work: int
    age: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Seconds and messages. Starting needs a lasting cause; stopping needs a longer quiet, so that no worker flaps."""

    most: int
    #: Waiting messages a worker, or the oldest one's age, above which another is wanted …
    waiting: int = 100
    age: float = 5.0
    #: … once that has lasted so long, and so long after the last start: a new worker needs seconds to be of use.
    lasting: float = 2.0
    settling: float = 6.0
    #: With nothing waiting for so long, one worker stops.
    quiet: float = 15.0


class Decider:
    """Keeps what must be remembered between two looks; `now` is any clock that only goes forward, in seconds."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._high_since: float | None = None
        self._low_since: float | None = None
        self._changed_at = float("-inf")

    def decide(self, look: Look | None, *, workers: int, now: float) -> tuple[int, str]:
        """How many workers there should be, and why, where that is another number than now.

        A look that failed (None) decides nothing and begins every wait anew: a server that has just restarted answers
        with zeros, for a second or so.
        """
        rule = self.rule
        if look is None:
            self._high_since = self._low_since = None
            return workers, ""
        deep, old = look.waiting > rule.waiting * workers, look.waiting > 0 and look.age > rule.age
        self._high_since = (now if self._high_since is None else self._high_since) if deep or old else None
        self._low_since = (now if self._low_since is None else self._low_since) if look.waiting == 0 else None
        if self._high_since is not None and workers < rule.most:
            if now - self._high_since >= rule.lasting and now - self._changed_at >= rule.settling:
                self._changed_at = now
                why = f"{look.waiting} wait, more than {rule.waiting} a worker" if deep else f"{look.waiting} wait"
                return workers + 1, f"{why}, the oldest up to {look.age:.0f} s"
        elif self._low_since is not None and workers > 1 and now - self._low_since >= rule.quiet:
            # The next one has to be quiet for as long again.
            self._low_since = self._changed_at = now
            return workers - 1, f"nothing has waited for {rule.quiet:.0f} s"
        return workers, ""
