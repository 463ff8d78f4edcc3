"""Delivery fees by demand, minor units: what may come on top of a restaurant's usual fee."""

from __future__ import annotations

from .environment import env

#: The most that an operator may set as a bound.
SURCHARGE_LIMIT: int = env.int("FORKROAD_SURCHARGE_LIMIT", default=1000)
#: A zone's bounds until an operator sets others. With a highest of 0, fees stay the usual ones.
SURCHARGE_BOUNDS: tuple[int, int] = (0, min(SURCHARGE_LIMIT, env.int("FORKROAD_HIGHEST_SURCHARGE", default=200)))
