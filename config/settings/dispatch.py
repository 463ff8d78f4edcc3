"""Dispatch: which policy plans the rounds, and how long before a departure its courier is asked."""

from __future__ import annotations

from .environment import env

#: One of `delivery.planning.POLICIES`: planner, linear (cheapest matching, at once) or nearest_first.
DISPATCH_POLICY: str = env.str("FORKROAD_DISPATCH_POLICY", default="planner")
#: A courier is asked this long before they must leave: city seconds in which people answer …
DISPATCH_ANSWER_SECONDS: float = env.float("FORKROAD_DISPATCH_ANSWER_SECONDS", default=15)
#: … and wall seconds in which an offer reaches them.
DISPATCH_LATENCY_SECONDS: float = env.float("FORKROAD_DISPATCH_LATENCY_SECONDS", default=0.3)
