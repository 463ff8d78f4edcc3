"""The roads over the last minute and a half, drawn while they recover from a fault.

A page that watches asks once a second, and each question is a sample: nobody watches, nothing is measured. The samples
are this process's own, and go with it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from config.embedded.faults import Entry
from config.scaling.look import Gauge
from messaging.names import QUEUES
from messaging.relay.backlog import backlogs

from .lines import LEFT, RIGHT, Lines, Series, draw
from .roads import consumer_lag

#: Seconds that are drawn, and between two samples at least, however many pages ask.
SHOWN, EVERY = 90.0, 0.8
#: A road counts as calm with no more than this waiting (messages, events), and nothing for longer than that (seconds).
CALM, CALM_AGE = 25, 1.0
#: Samples in a row that must be calm: an SQS server that has just started counts nothing for a moment.
CALM_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """At a wall time (Unix seconds): rows in the outbox and the age of the oldest, messages that wait in the queues and
    that workers hold, and the lag of the group that is furthest behind. None where nobody answered.
    """

    at: float
    outbox: int
    oldest: float
    queued: int | None
    in_work: int | None
    lag: int | None

    @property
    def calm(self) -> bool:
        waiting = (self.queued, self.lag)
        return self.oldest < CALM_AGE and all(count is not None and count <= CALM for count in waiting)


@dataclass(frozen=True, slots=True)
class Curve:
    """`marks` are (x, class): where the shown fault began and ended."""

    name: str
    unit: str
    now: str
    chart: Lines
    marks: list[tuple[float, str]]


@dataclass(slots=True)
class Recorder:
    """Samples of one process. `measure` is called by one thread at a time."""

    measure: Callable[[], Sample]
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=int(SHOWN / EVERY) + 2))
    settled: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, entries: Iterable[Entry] = ()) -> list[Sample]:
        """A sample more, unless one was taken a moment ago; all that are shown. Notes which faults are worked off."""
        with self._lock:
            if not self.samples or time.time() - self.samples[-1].at >= EVERY:
                self.samples.append(self.measure())
            shown = list(self.samples)
            for entry in entries:
                if entry.back and entry.id not in self.settled and (at := settled_at(entry.back, shown)):
                    self.settled[entry.id] = at
        return [sample for sample in shown if sample.at > shown[-1].at - SHOWN]


def settled_at(back: float, samples: Sequence[Sample]) -> float | None:
    """When the roads were calm again after a part was back; None while they are not, or if nobody looked."""
    calm: list[Sample] = []
    for sample in samples:
        if sample.at < back:
            continue
        calm = [*calm, sample] if sample.calm else []
        if len(calm) == CALM_SAMPLES:
            return calm[0].at
    return None


def curves(samples: Sequence[Sample], shown: Entry | None) -> list[Curve]:
    """Four small charts over the same time, with the fault's beginning and end."""
    now = samples[-1]
    wanted: list[tuple[str, str, list[float | None], str]] = [
        ("Outbox: rows that wait", "rows", [float(one.outbox) for one in samples], f"{now.outbox}"),
        ("Outbox: age of the oldest", "s", [round(one.oldest, 1) for one in samples], f"{now.oldest:.1f} s"),
        ("SQS: messages that wait", "messages", [_number(one.queued) for one in samples], _words(now.queued)),
        ("Kafka: lag of the slowest group", "events", [_number(one.lag) for one in samples], _words(now.lag)),
    ]
    marks = [(at, name) for at, name in ((shown.began, "began"), (shown.back, "back")) if at] if shown else []
    return [
        Curve(name, unit, text, *_draw(name, [(one.at - now.at) for one in samples], values, marks, now.at, place))
        for place, (name, unit, values, text) in enumerate(wanted)
    ]


def _draw(
    name: str,
    times: Sequence[float],
    values: Sequence[float | None],
    marks: Sequence[tuple[float, str]],
    now: float,
    colour: int,
) -> tuple[Lines, list[tuple[float, str]]]:
    points = [(at, value) for at, value in zip(times, values, strict=True) if value is not None]
    labels = [(-SHOWN, f"{SHOWN:.0f} s ago"), (0.0, "now")]
    chart = draw([Series(name, points)], labels=labels, width=420, height=130, first_colour=colour)
    across = (chart.width - LEFT - RIGHT) / SHOWN
    return chart, [(round(LEFT + (at - now + SHOWN) * across, 1), name) for at, name in marks if at > now - SHOWN]


def _number(count: int | None) -> float | None:
    return None if count is None else float(count)


def _words(count: int | None) -> str:
    return "no answer" if count is None else str(count)


class Roads:
    """The measure of the running system; its queue client is made on first use and kept."""

    def __init__(self) -> None:
        self._gauge: Gauge | None = None

    def __call__(self) -> Sample:
        if self._gauge is None:
            self._gauge = Gauge(sorted(set(QUEUES.values())))
        waiting = backlogs().values()
        look = self._gauge.look()
        lags = [group.lag for group in consumer_lag() if group.lag is not None]
        return Sample(
            at=time.time(),
            outbox=sum(one.size for one in waiting),
            oldest=max((one.age for one in waiting), default=0.0),
            queued=look.waiting if look else None,
            in_work=look.in_work if look else None,
            lag=max(lags, default=None),
        )


recorder = Recorder(Roads())
