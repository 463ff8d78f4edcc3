"""What a courier's minute is worth to orders that are yet to come."""

from __future__ import annotations

import numpy as np

from .model import Floats, View

#: Minutes looked ahead; later ones cost nothing.
HORIZON = 360
#: Minutes within which busy couriers count as there, and the share of those there that, idle, is enough.
SOON, ENOUGH_IDLE = 60.0, 0.2


def spent(view: View, *, always: float, scarce: float) -> list[float]:
    """What being busy from now on costs, for each whole number of minutes up to the horizon.

    A minute costs `always`, and `scarce` more where nobody is idle, less of it where a few are, nothing where enough
    are. Of a minute ahead only those count whose shift lasts until then: when many go home at once, the time of those
    who stay is dear before.
    """
    there = [courier for courier in view.couriers if courier.free_at <= view.now + SOON]
    ends = np.array([courier.off_at - view.now for courier in there])
    idle = np.array([courier.free_at <= view.now for courier in there], dtype=bool)
    minutes = np.arange(HORIZON)
    share = _still_there(ends[idle], minutes) / np.maximum(1.0, ENOUGH_IDLE * _still_there(ends, minutes))
    price = always + scarce * np.maximum(0.0, 1.0 - share)
    return [0.0, *np.cumsum(price).tolist()]


def _still_there(ends: Floats, minutes: np.ndarray[tuple[int, ...], np.dtype[np.int_]]) -> Floats:
    """At the beginning of each minute, those whose shift goes on."""
    gone: Floats = np.searchsorted(np.sort(ends), minutes, side="right").astype(float)
    return len(ends) - gone
