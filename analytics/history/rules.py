"""A promise to the customer and a warning before it breaks, as numbers that can be tried on what happened."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.dashboard.rules import DEFAULT


@dataclass(frozen=True, slots=True)
class Promise:
    """City minutes. The door is promised `within` so long of the click; or with `after_ready`, so long after the
    restaurant's own promise (where it made one). An order is called at risk once it is open for `at_risk`.
    """

    within: float = DEFAULT.promise
    after_ready: float | None = None
    at_risk: float = DEFAULT.at_risk

    def __str__(self) -> str:
        promise = f"{self.within:g} min" if self.after_ready is None else f"ready + {self.after_ready:g} min"
        return f"promise {promise}, at risk after {self.at_risk:g} min"
