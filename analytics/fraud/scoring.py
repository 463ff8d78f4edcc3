"""Event in, decisions and new state out: the one path that the live group and the benchmark share."""

from __future__ import annotations

from dataclasses import dataclass, field

from .facts import AUTHORISED, DECLINED, PLACED, REFUND, Fact
from .features import Features, of_order, of_refund, rounded
from .profiles import Book, since
from .rules import LINE, ORDER_RULES, REFUND_RULES, Fired, judge, total

#: A decision's stages: what was judged. `linked` is an order on which another's suspicion falls.
STAGES = (PLACED, AUTHORISED, DECLINED, REFUND, "linked")


@dataclass(frozen=True, slots=True)
class Decision:
    """A score of one order at one stage, and which rules and features made it. `at` in city seconds since 1970."""

    order: str
    account: int
    stage: str
    at: int
    score: int
    fired: tuple[Fired, ...] = ()
    features: Features = field(default_factory=dict)
    because_of: str = ""

    @property
    def over(self) -> bool:
        return self.score >= LINE


def take(fact: Fact, book: Book) -> list[Decision]:
    """Judge a fact by what was known before it, fold it in, and say what follows for it and for orders linked to it.

    An answered payment and a refund are judged with themselves folded in: they are news of an order known before.
    """
    if fact.kind == PLACED:
        features = of_order(fact, book)
        book.add(fact)
    elif fact.kind in (AUTHORISED, DECLINED):
        book.add(fact)
        features = of_order(fact, book)
    elif fact.kind == REFUND:
        book.add(fact)
        features = of_refund(fact, book)
    else:
        book.add(fact)
        return []
    fired = tuple(judge(REFUND_RULES if fact.kind == REFUND else ORDER_RULES, features, book))
    decision = Decision(fact.order, fact.account, fact.kind, fact.at, total(fired), fired, features)
    return [decision, *_linked(decision, fact, book)] if decision.over else [decision]


def _linked(decision: Decision, fact: Fact, book: Book) -> list[Decision]:
    found: dict[str, Decision] = {}
    for one in decision.fired:
        if not one.rule.links:
            continue
        profile = book.look(one.rule.links, getattr(fact, one.rule.links))
        entries = profile.returned if fact.kind == REFUND else profile.placed
        for entry in since(entries, fact.at - one.rule.span, fact.at):
            if entry.order != fact.order and entry.order not in found:
                found[entry.order] = Decision(
                    entry.order, entry.account, "linked", fact.at, decision.score, decision.fired, because_of=fact.order
                )
    return list(found.values())


def as_kept(decision: Decision) -> Features:
    return rounded(decision.features)
