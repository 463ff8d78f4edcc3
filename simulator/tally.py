"""What happened: orders followed to their end, offers, errors and latency, for the summary."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

FINAL = frozenset({"delivered", "payment_failed", "rejected", "cancelled", "undeliverable"})

#: Latencies kept for the percentiles: the newest, so that a demo that runs for days stays small.
KEPT = 20_000


@dataclass(slots=True)
class Followed:
    """An order that is not final yet. `heard` is the monotonic wall second of its last news."""

    customer: str
    heard: float = field(default_factory=time.monotonic)


class Tally:
    """Counts for one run. `accepted`, if given, gets the id of every order that was answered with success."""

    def __init__(self, accepted: IO[str] | None = None) -> None:
        self.accepted = accepted
        self.following: dict[str, Followed] = {}
        #: Orders answered with success, and later their ends.
        self.placed = 0
        self.ends: Counter[str] = Counter()
        self.offers: Counter[str] = Counter()
        #: Answers that an honest player gets now and then: the offer is gone, the restaurant has just closed.
        self.refusals: Counter[str] = Counter()
        #: Troubles that a later attempt overcame.
        self.errors: Counter[str] = Counter()
        #: What stayed undone: these make the run fail.
        self.failures: Counter[str] = Counter()
        self.calls = 0
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._door_minutes = 0.0

    def order_placed(self, order: dict[str, Any], *, customer: str) -> None:
        """An order was answered with success. Written down at once: `verify` holds the platform to it."""
        self.placed += 1
        if self.accepted is not None:
            self.accepted.write(order["id"] + "\n")
            self.accepted.flush()
        self.following[order["id"]] = Followed(customer)
        self.order_seen(order)

    def order_seen(self, order: dict[str, Any]) -> None:
        """A followed order as the platform shows it to its customer."""
        followed = self.following.get(order["id"])
        if followed is None or order["status"] not in FINAL:
            return
        del self.following[order["id"]]
        self.ends[order["status"]] += 1
        if order["status"] == "delivered":
            waited = datetime.fromisoformat(order["delivered_at"]) - datetime.fromisoformat(order["placed_at"])
            self._door_minutes += waited.total_seconds() / 60

    def call_took(self, seconds: float) -> None:
        self.calls += 1
        self._latencies.append(seconds)

    @property
    def ok(self) -> bool:
        return not self.following and not self.failures

    def summary(self) -> dict[str, Any]:
        """One JSON object: latency in wall milliseconds, click-to-door in city minutes."""
        return {
            "ok": self.ok,
            "placed": self.placed,
            **{status: self.ends[status] for status in sorted(FINAL)},
            "unfinished": len(self.following),
            "offers": {name: self.offers[name] for name in ("seen", "accepted", "declined", "ignored", "lost")},
            "click_to_door_minutes": self._mean_door(),
            "api": {
                "calls": self.calls,
                "p50_ms": self._percentile(0.50),
                "p95_ms": self._percentile(0.95),
                "refusals": dict(self.refusals),
                "retried": dict(self.errors),
                "failures": dict(self.failures),
            },
        }

    def _mean_door(self) -> float | None:
        delivered = self.ends["delivered"]
        return round(self._door_minutes / delivered, 2) if delivered else None

    def _percentile(self, share: float) -> float | None:
        ordered = sorted(self._latencies)
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1) if ordered else None
