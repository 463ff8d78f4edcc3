"""How often the promises held: of every promise that was made, beside the chance that it stated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from .errors import CHANCE
from .estimate import STAGES

#: Shares between these count as kept: nine in ten, as well as some hundreds of orders can tell.
GOAL = (0.88, 0.92)

READ = """
    SELECT stage, count(*), count(*) FILTER (WHERE delivered_at <= latest_by),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - estimated)::float8),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(extract(epoch FROM delivered_at - estimated))::float8),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM latest_by - estimated)::float8)
    FROM delivery_promise
    WHERE delivered_at IS NOT NULL AND (%s::timestamptz IS NULL OR made_at >= %s)
        AND (%s::timestamptz IS NULL OR made_at < %s)
    GROUP BY GROUPING SETS ((stage), ())
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises of one stage (or of all, `stage` empty) whose orders were delivered. Medians in city seconds.

    `off` is how much later than estimated they came, `error` the same without its sign, `room` how much later than
    the estimate the latest time was.
    """

    stage: str
    promises: int
    held: int
    off: float
    error: float
    room: float

    @property
    def name(self) -> str:
        return STAGES.get(self.stage, "all")

    @property
    def share(self) -> float:
        return self.held / self.promises

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the true one lies, at 95 % (Wilson 1927)."""
        z, n = 1.96, self.promises
        middle = (self.share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(self.share * (1 - self.share) / n + z * z / (4 * n * n))
        return middle - half, middle + half

    @property
    def met(self) -> bool:
        return GOAL[0] <= self.share <= GOAL[1]


@dataclass(frozen=True, slots=True)
class Calibration:
    """By stage, in the order of an order's life, and of all promises together; None before the first delivery."""

    stages: list[Kept]
    all: Kept | None
    chance: float = CHANCE


def calibration(*, since: datetime | None = None, until: datetime | None = None) -> Calibration:
    """Over the promises made between two city times."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [since, since, until, until])
        rows = [Kept(stage or "", *rest) for stage, *rest in cursor.fetchall()]
    found = {row.stage: row for row in rows if row.promises}
    return Calibration(stages=[found[stage] for stage in STAGES if stage in found], all=found.get(""))
