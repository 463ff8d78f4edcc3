"""From a zone's market to its surcharge: pure, so that its properties can be tested on any market there is.

Pressure is orders that wait for each courier free. It is smoothed exponentially over buckets of ticks, as a weighted
mean rather than a running value: what is computed depends on the ticks that are known, not on the order they came in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: Wall seconds in which a bucket's weight falls to 1/e, and after which it no longer counts.
TIME_CONSTANT, MEMORY = 30.0, 150.0
#: Pressure up to which the surcharge is the lowest, and from which it is the highest.
CALM, FULL = 1.0, 4.0
#: A surcharge is a multiple of this (minor units), save where a bound is none …
STEP = 50
#: … and moves only when what it should be is so far away: a fee that flickers is trusted by nobody.
REACH = 0.75 * STEP


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of a surcharge, minor units."""

    lowest: int
    highest: int


def pressure(demand: float, supply: float) -> float:
    """Orders for each courier free, one courier more than there is: 0 without demand, finite without supply."""
    return demand / (supply + 1)


def smoothed(pressures: Iterable[tuple[float, float]]) -> float:
    """The weighted mean of (age in seconds, pressure); 0 where nothing is known."""
    total = weight = 0.0
    for age, value in pressures:
        if age <= MEMORY:
            share = math.exp(-age / TIME_CONSTANT)
            total, weight = total + share * value, weight + share
    return total / weight if weight else 0.0


def next_surcharge(current: int, smooth: float, bounds: Bounds) -> int:
    """The surcharge that follows on `current` (minor units): within the bounds whatever comes in."""
    share = min(1.0, max(0.0, (smooth - CALM) / (FULL - CALM)))
    wanted = bounds.lowest + share * (bounds.highest - bounds.lowest)
    held = _within(current, bounds)
    if share in (0.0, 1.0):
        return round(wanted)
    if abs(wanted - held) < REACH:
        return held
    return _within(STEP * round(wanted / STEP), bounds)


def _within(surcharge: int, bounds: Bounds) -> int:
    return min(bounds.highest, max(bounds.lowest, surcharge))
