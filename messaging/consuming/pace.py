"""How many records a poll may bring, so that the next comes before Kafka gives the member's partitions away."""

from __future__ import annotations

from dataclasses import dataclass

#: Records of a session's first poll, while nobody knows how long the handler takes for one.
FIRST_BITE = 50
#: Seconds that a handler may take for one event, at most: of all types those it uses may come next.
SLOWEST = 0.2
#: Seconds of a call of the handler that are its statements' way, however many events it is given.
CALL = 0.01


@dataclass(slots=True)
class Given:
    """What the handler was given of one poll: events, the seconds it took for them, and how often it was called."""

    events: int = 0
    seconds: float = 0.0
    calls: int = 0

    def add(self, events: int, seconds: float) -> None:
        self.events, self.seconds, self.calls = self.events + events, self.seconds + seconds, self.calls + 1

    @property
    def each(self) -> float:
        """Seconds for one event."""
        return max(0.0, self.seconds - CALL * self.calls) / max(1, self.events)


class Pace:
    """The size of the next poll: at most `most` records, and what the handler can do in `chewing` seconds."""

    def __init__(self, *, most: int, chewing: float) -> None:
        self.most = most
        self.chewing = chewing
        #: Records of a poll, at most, as long as the handler is given none: the slowest could do so many in half of
        #: max.poll.interval.
        self.blind = max(FIRST_BITE, int(5 * chewing / SLOWEST))
        self.bite = min(FIRST_BITE, most)
        self.given = Given()

    def fit(self, records: int, seconds: float) -> None:
        """Let the next poll bring what the handler can do in time: twice as much again, or less where it is slow."""
        given, self.given = self.given, Given()
        if records and not given.events:
            # Types that it does not use, or repeats: how quick those were says nothing of what comes behind them.
            self.bite = max(self.bite, min(2 * self.bite, self.blind, self.most))
        elif records:
            # The next may all be of those that it uses, where of these it used one in a hundred.
            each = max(seconds / records, given.each, 1e-6)
            self.bite = max(1, min(self.most, 2 * self.bite, int(self.chewing / each)))
