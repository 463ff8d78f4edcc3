"""What stands out in a series of buckets: pure, and said of a bucket by those before it alone.

Median and median absolute deviation (MAD), not mean and standard deviation: a spike that is in the window must not
make the next one look usual. 1.4826 × MAD estimates the standard deviation where the values are normal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

#: Wall seconds of a bucket.
BUCKET = 5.0
#: Buckets that say what is usual (five minutes), and how many of them there must be.
WINDOW, FEWEST = 60, 12
#: Robust standard deviations above the median that are a spike, and the least deviation (orders) that is believed:
#: where nothing ever happens, one order is no spike.
DEVIATIONS, LEAST = 6.0, 0.5
#: Buckets in a row with orders and without a free courier before it is called starved.
ROW = 3
#: Buckets that may be missing before it is called silence.
MISSING = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """A bucket's number, and the means of its ticks."""

    bucket: int
    demand: float
    supply: float

    @property
    def starving(self) -> bool:
        return self.demand >= 1 and self.supply < 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """`kind` is one of `Anomaly.Kind`; `value` and `usual` as there."""

    kind: str
    bucket: int
    value: float
    usual: float


def find(series: Sequence[Seen], *, since: int) -> Iterator[Found]:
    """What stands out from bucket `since` on; `series` is sorted, and reaches `WINDOW` buckets further back."""
    for place, seen in enumerate(series):
        if seen.bucket < since:
            continue
        before = [one for one in series[max(0, place - WINDOW) : place] if one.bucket >= seen.bucket - WINDOW]
        usual = median(one.demand for one in before) if before else 0.0
        if len(before) >= FEWEST and seen.demand > usual + DEVIATIONS * _deviation(before, usual):
            yield Found("spike", seen.bucket, seen.demand, usual)
        row = [one for one in series[max(0, place - ROW + 1) : place + 1] if one.starving]
        if len(row) == ROW and row[0].bucket == seen.bucket - ROW + 1:
            yield Found("starved", seen.bucket, seen.demand, seen.supply)
        if before and (gap := seen.bucket - before[-1].bucket - 1) > MISSING:
            yield Found("silent", seen.bucket, gap * BUCKET, MISSING * BUCKET)


def _deviation(before: Sequence[Seen], usual: float) -> float:
    return max(LEAST, 1.4826 * median(abs(one.demand - usual) for one in before))
