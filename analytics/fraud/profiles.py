"""What is remembered of an account, a card, a device, a door or a courier: sums, and the latest of each kind of fact.

Sums, minima and "the latest so many" come out the same in whatever order facts are folded in. Partitions are read in
no fixed order, so this is what makes a replay give the very rows that the live group wrote.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from copy import copy
from typing import NamedTuple

import msgspec

from .facts import DECLINED, DELIVERED, FRAUD, PLACED, REFUND, VERDICT, Fact

#: How many orders, declines and refunds are remembered one by one.
LATEST_ORDERS, LATEST_DECLINES, LATEST_REFUNDS = 24, 16, 16

#: Kind and token: ("device", "6f0c…").
Key = tuple[str, str]


class Entry(NamedTuple):
    """One order, decline or refund; `amount` in minor units, `share` of the order's total asked back, per cent."""

    at: int
    order: str
    account: int
    card: str
    device: str
    door: str
    amount: int
    courier: int = 0
    share: int = 0
    reason: str = ""

    @classmethod
    def of(cls, fact: Fact) -> Entry:
        share = 100 * fact.amount // fact.total if fact.kind == REFUND and fact.total else 0
        return cls(
            fact.at, fact.order, fact.account, fact.card, fact.device, fact.door, fact.amount, fact.courier, share,
            fact.reason,
        )  # fmt: skip


class Profile(msgspec.Struct, omit_defaults=True):
    """Of one token. Times in city seconds since 1970 (0: never), money in minor units, ways in metres."""

    first: int = 0
    orders: int = 0
    spent: int = 0
    squares: int = 0
    metres: int = 0
    measured: int = 0
    delivered: int = 0
    declines: int = 0
    refunds: int = 0
    fraud: int = 0
    genuine: int = 0
    placed: list[Entry] = []
    declined: list[Entry] = []
    returned: list[Entry] = []

    def copied(self) -> Profile:
        """One to fold facts into, while this one stays as it is."""
        made = copy(self)
        made.placed, made.declined, made.returned = [*self.placed], [*self.declined], [*self.returned]
        return made

    def add(self, fact: Fact) -> None:
        """Fold a fact in. Each must come once; their order does not matter."""
        if fact.kind == PLACED:
            self.first = min(self.first or fact.at, fact.at)
            self.orders += 1
            self.spent += fact.total
            self.squares += fact.total**2
            if fact.distance >= 0:
                self.metres += fact.distance
                self.measured += 1
            _keep(self.placed, Entry.of(fact), LATEST_ORDERS)
        elif fact.kind == DECLINED:
            self.declines += 1
            _keep(self.declined, Entry.of(fact), LATEST_DECLINES)
        elif fact.kind == DELIVERED:
            self.delivered += 1
        elif fact.kind == REFUND:
            self.refunds += 1
            _keep(self.returned, Entry.of(fact), LATEST_REFUNDS)
        elif fact.kind == VERDICT:
            if fact.reason == FRAUD:
                self.fraud += 1
            else:
                self.genuine += 1


class Book:
    """Profiles by key, as far as they are loaded; `changed` names those that were written since."""

    def __init__(self, profiles: dict[Key, Profile] | None = None) -> None:
        self.profiles = profiles if profiles is not None else {}
        self.changed: set[Key] = set()

    def look(self, kind: str, token: str | int) -> Profile:
        """A profile to read; an empty one for a token that is unknown, or that nobody told."""
        return self.profiles.get((kind, str(token))) or Profile() if token else Profile()

    def add(self, fact: Fact) -> None:
        """Fold a fact into every profile it concerns."""
        for key in written_by(fact):
            profile = self.profiles.get(key)
            if profile is None:
                profile = self.profiles[key] = Profile()
            profile.add(fact)
            self.changed.add(key)


def written_by(fact: Fact) -> Iterator[Key]:
    """Keys of the profiles that a fact is folded into."""
    if fact.kind == DELIVERED:
        tokens: tuple[tuple[str, str | int], ...] = (("account", fact.account), ("courier", fact.courier))
    elif fact.kind in (PLACED, DECLINED):
        tokens = _who(fact)
    elif fact.kind == VERDICT:
        tokens = tuple(one for one in (*_who(fact), ("courier", fact.courier)) if one[0] in fact.about)
    elif fact.kind == REFUND:
        tokens = (*_who(fact), ("courier", fact.courier))
    else:
        tokens = ()
    yield from ((kind, str(token)) for kind, token in tokens if token)
    if fact.kind == VERDICT:
        yield from (("rule", rule) for rule in fact.rules)


def read_by(fact: Fact) -> Iterator[Key]:
    """Keys of the profiles that are looked at to judge a fact."""
    yield from ((kind, str(token)) for kind, token in (*_who(fact), ("courier", fact.courier)) if token)


def since(entries: list[Entry], begin: int, end: int) -> list[Entry]:
    """The entries after `begin`, up to `end`: of others that were read first, what comes later is not known yet."""
    return entries[bisect_right(entries, begin, key=_at) : bisect_right(entries, end, key=_at)]


def distinct(values: Iterable[str | int]) -> int:
    """How many different ones that are known."""
    return len({value for value in values if value})


def _who(fact: Fact) -> tuple[tuple[str, str | int], ...]:
    return ("account", fact.account), ("card", fact.card), ("device", fact.device), ("door", fact.door)


def _at(entry: Entry) -> int:
    return entry.at


def _keep(entries: list[Entry], entry: Entry, most: int) -> None:
    insort(entries, entry)
    del entries[:-most]
