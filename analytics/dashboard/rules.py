"""When an order needs somebody's eye: one rule with its numbers, so that another can be tried on old events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """All in city minutes. `promise` is what this city wants to stay under, from the click to the door; what a customer
    is told is each order's own (`delivery.eta`).
    """

    promise: float = 60
    #: Open so long, an order is called at risk of it where rules are tried on old events.
    at_risk: float = 45
    #: Food is ready, or due, within this time and nobody has been found to fetch it.
    undispatched: float = 2
    #: Neither the payment's nor the restaurant's answer for so long.
    unanswered: float = 8
    #: Ready so long without being fetched.
    waiting: float = 10


DEFAULT = Rule()
