"""The online rival: adaptive random forests of river (extra `bench`), one for orders, one for refunds.

Test, then train: an order's features are judged as they come, and its truth is learnt `DELAY` later, as a chargeback or
a complaint would tell. That is more than the rules get, which hear a reviewer's word on cases alone.
"""

from __future__ import annotations

from collections import deque
from typing import Any

#: Seconds until the truth about an order is known.
DELAY = 3 * 86400.0
TREES = 10


class Forests:
    def __init__(self, *, seed: int = 1) -> None:
        from river import forest

        self.models: dict[bool, Any] = {
            refund: forest.ARFClassifier(n_models=TREES, seed=seed) for refund in (False, True)
        }
        self.waiting: deque[tuple[float, bool, dict[str, float], bool]] = deque()

    def judge(self, features: dict[str, float], *, refund: bool) -> float:
        """The probability of fraud."""
        return float(self.models[refund].predict_proba_one(features).get(True, 0.0))

    def remember(self, at: float, features: dict[str, float], *, refund: bool, fraud: bool) -> None:
        """What is learnt when its truth comes out."""
        self.waiting.append((at + DELAY, refund, features, fraud))

    def learn(self, now: float) -> None:
        """Learn all whose truth is out."""
        while self.waiting and self.waiting[0][0] <= now:
            _, refund, features, fraud = self.waiting.popleft()
            self.models[refund].learn_one(features, fraud)
