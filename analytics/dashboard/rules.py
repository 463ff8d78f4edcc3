"""When an order needs somebody's eye: one rule with its numbers, so that another can be tried on old events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """All in city minutes. `promise` is what a customer is told at most, from the click to the door."""

    promise: float = 60
    #: Open so long, an order is at risk of breaking the promise.
    at_risk: float = 45
    #: Food is ready, or due, within this time and nobody has been found to fetch it.
    undispatched: float = 2
    #: Neither the payment's nor the restaurant's answer for so long.
    unanswered: float = 8
    #: Ready so long without being fetched.
    waiting: float = 10


DEFAULT = Rule()
