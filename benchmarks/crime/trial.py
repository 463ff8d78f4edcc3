"""One simulated month through the rules, and through the model beside them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from analytics.fraud.facts import FRAUD, GENUINE, VERDICT, Fact, notice
from analytics.fraud.profiles import Book
from analytics.fraud.rules import LINE, blamed
from analytics.fraud.scoring import Decision, take
from simulator.fraud.acts import DAY, GREY, Act
from simulator.fraud.month import month

from .events import as_events, moment
from .model import Forests

#: Days on which nothing is measured: profiles, reviewers' lessons and the model fill, and its line is chosen on them.
LEARNING = 21
#: Seconds from a case to its reviewer's word, and within which a hold mostly comes before the courier has the order.
REVIEWED_AFTER, IN_TIME = 1800.0, 15 * 60.0

RULES, MODEL, BOTH = "rules", "model", "both"


@dataclass(slots=True)
class Order:
    """What became of one: its truth, its highest score by each judge, and when the rules' score passed the line."""

    placed_at: float
    pattern: str
    scores: dict[str, float] = field(default_factory=lambda: {RULES: 0.0, MODEL: 0.0, BOTH: 0.0})
    flagged_at: float | None = None
    features: dict[str, float] = field(default_factory=dict)
    fired: tuple[str, ...] = ()

    @property
    def fraud(self) -> bool:
        return bool(self.pattern)

    @property
    def in_time(self) -> bool:
        return self.flagged_at is not None and self.flagged_at - self.placed_at <= IN_TIME


def run(seed: int, *, reviewed: bool = True, model: bool = True) -> list[Order]:
    """The month's orders in the sequence of their placing, those that are neither crime nor honest left out."""
    trial = _Trial(reviewed=reviewed, model=model)
    for act, event in as_events(month(seed)):
        fact = notice(event, at=moment(act.at))
        assert fact is not None
        trial.see(act, fact)
    return [order for order in trial.orders.values() if order.pattern != GREY]


def parted(orders: list[Order]) -> tuple[list[Order], list[Order]]:
    """Those of the learning days, and those that are measured."""
    begin = LEARNING * DAY
    return [one for one in orders if one.placed_at < begin], [one for one in orders if one.placed_at >= begin]


class _Trial:
    def __init__(self, *, reviewed: bool, model: bool) -> None:
        self.book = Book()
        self.orders: dict[str, Order] = {}
        self.acts: dict[str, Act] = {}
        self.reviewed = reviewed
        self.cases: list[tuple[float, str]] = []
        self.plain = Forests() if model else None
        self.stacked = Forests(seed=2) if model else None

    def see(self, act: Act, fact: Fact) -> None:
        if act.kind == "placed":
            self.orders[act.order] = Order(act.at, act.pattern)
            self.acts[act.order] = act
        self._review(act.at)
        for decision in take(fact, self.book):
            self._note(act.at, decision)

    def _note(self, at: float, decision: Decision) -> None:
        order = self.orders[decision.order]
        order.scores[RULES] = max(order.scores[RULES], decision.score)
        if decision.over and order.flagged_at is None:
            order.flagged_at = at
            order.fired = tuple(one.rule.name for one in decision.fired)
            if self.reviewed:
                heapq.heappush(self.cases, (at + REVIEWED_AFTER, decision.order))
        if self.plain is not None and self.stacked is not None and decision.stage != "authorised":
            self._ask(at, decision, order, self.plain, self.stacked)

    def _ask(self, at: float, decision: Decision, order: Order, plain: Forests, stacked: Forests) -> None:
        refund = decision.stage == "refund"
        features = decision.features if decision.stage != "linked" else order.features
        with_rules = {**features, "rules": order.scores[RULES] / LINE}
        for name, forests, known in ((MODEL, plain, features), (BOTH, stacked, with_rules)):
            forests.learn(at)
            order.scores[name] = max(order.scores[name], forests.judge(known, refund=refund))
            if decision.stage != "linked" and order.pattern != GREY:
                # A complaint that turned out a fraud says nothing about how its order looked when it was placed.
                fraud = order.fraud and (refund or order.pattern not in ("refund abuse", "courier collusion"))
                forests.remember(at, known, refund=refund, fraud=fraud)
        order.features = features

    def _review(self, now: float) -> None:
        while self.cases and self.cases[0][0] <= now:
            at, name = heapq.heappop(self.cases)
            act, rules = self.acts[name], self.orders[name].fired
            fraud = bool(act.pattern)
            self.book.add(
                Fact(
                    kind=VERDICT,
                    at=int(moment(at).timestamp()),
                    order=name,
                    account=act.account,
                    card=act.card,
                    device=act.device,
                    door=act.door,
                    reason=FRAUD if fraud else GENUINE,
                    rules=rules,
                    about=tuple(sorted(blamed(rules))) if fraud else ("account", "device"),
                )
            )
