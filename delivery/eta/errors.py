"""By how much the plain sums have erred lately, stage by stage: what turns a sum into a promise with a stated chance.

Split conformal prediction, with each error divided by its order's own scale: whatever the errors' distribution is, a
bound taken from their ranks holds for the next order with the stated chance, if it is like the last ones. As a city's
day is never quite like its last hour, the rank is corrected by how often the latest promises really held (in the spirit
of adaptive conformal inference, Gibbs and Candès 2021).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from .estimate import STAGES
from .quantiles import upper

#: The chance with which the latest time is to hold.
CHANCE = 0.9
#: Deliveries whose errors count: few, for an hour later a rush is over. And those whose promises tell how well the
#: chance was met: more, for nine in ten of few is mostly luck.
WINDOW, RECENT = 60, 100
#: How much of a shortfall is made good by a higher rank.
GAIN = 1.0
#: Errors that count where few are known yet: rather late than early. In units of an order's scale.
PRIOR = tuple(0.25 * step for step in range(12))
#: Deliveries from which on the prior is left out.
ENOUGH = 30
#: Seconds (wall) for which what was read is good.
FRESH = 5.0

READ = """
    SELECT stage, extract(epoch FROM past.delivered_at - past.base)::float8 / past.scale,
        past.delivered_at <= past.latest_by
    FROM unnest(%s::text[]) AS stages (stage), LATERAL (
        SELECT delivered_at, base, scale, latest_by FROM delivery_promise promise
        WHERE promise.stage = stages.stage AND delivered_at IS NOT NULL ORDER BY delivered_at DESC LIMIT %s
    ) AS past
"""


@dataclass(frozen=True, slots=True)
class Margin:
    """What is added to a sum, in units of its scale: up to the middle of what may come, and up to the latest."""

    expected: float
    latest: float


def margin(errors: Sequence[float], held: Sequence[bool]) -> Margin:
    """From a stage's errors (in units of scale) and whether the promises held, the latest first."""
    recent = held[:RECENT]
    # Below a few, one late order would swing it.
    missing = CHANCE - sum(recent) / len(recent) if len(recent) >= ENOUGH else 0.0
    share = min(0.99, max(0.75, CHANCE + GAIN * missing))
    known = [*errors[:WINDOW], *(PRIOR if len(errors) < ENOUGH else ())]
    return Margin(expected=upper(known, 0.5), latest=upper(known, share))


_known: tuple[float, dict[str, Margin]] = (0.0, {})


def margins(*, fresh: float = FRESH) -> dict[str, Margin]:
    """Each stage's, read at most every `fresh` wall seconds a process."""
    global _known
    if _known[1] and time.monotonic() - _known[0] < fresh:
        return _known[1]
    errors: dict[str, list[float]] = {stage: [] for stage in STAGES}
    held: dict[str, list[bool]] = {stage: [] for stage in STAGES}
    with connection.cursor() as cursor:
        cursor.execute(READ, [list(STAGES), max(WINDOW, RECENT)])
        for stage, error, kept in cursor.fetchall():
            errors[stage].append(error)
            held[stage].append(kept)
    found = {stage: margin(errors[stage], held[stage]) for stage in STAGES}
    _known = (time.monotonic(), found)
    return found
