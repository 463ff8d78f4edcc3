"""What people do in a simulated month, as plain records, and the town they do it in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
DAYS = 30
#: The patterns of fraud that are injected; every other act is an honest person's.
PATTERNS = ("card testing", "account takeover", "refund abuse", "courier collusion", "promo abuse")
#: Said of an order of somebody who abuses refunds, on which nothing was asked back: neither a crime nor honest.
GREY = "grey"


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing that happens `at` (seconds into the month) to an order; `amount` in minor units, distance in metres.

    kind: placed, authorised, declined, delivered or refund. `pattern` is the truth, "" for an honest act,
    `GREY` for one that nobody could call either.
    """

    at: float
    order: str
    kind: str
    account: int
    card: str
    device: str
    door: str
    restaurant: int
    amount: int
    total: int
    distance: int
    courier: int = 0
    reason: str = ""
    pattern: str = ""


@dataclass(slots=True)
class Person:
    """An account. `mean` total in minor units, `rate` orders a day, `distance` of the usual way in metres."""

    account: int
    zone: int
    door: str
    devices: list[str]
    cards: list[str]
    mean: float
    rate: float
    joined: float
    distance: float
    complains: float = 0.03
    ordered: int = 0


@dataclass(slots=True)
class Town:
    """The dice, the tokens that were given out, and all acts so far."""

    dice: random.Random
    acts: list[Act] = field(default_factory=list)
    given: int = 0
    accounts: int = 0
    #: Couriers who lose things, and restaurants with bad nights (restaurant, day): honest trouble.
    sloppy: frozenset[int] = frozenset()
    bad_nights: frozenset[tuple[int, int]] = frozenset()

    COURIERS = 60
    RESTAURANTS = 40
    ZONES = 5

    def token(self, kind: str) -> str:
        self.given += 1
        return f"{kind}{self.given:x}{self.dice.getrandbits(20):05x}"

    def account(self) -> int:
        self.accounts += 1
        return self.accounts

    def restaurant(self, zone: int) -> int:
        return 1 + zone + self.ZONES * self.dice.randrange(self.RESTAURANTS // self.ZONES)

    def courier(self, zone: int) -> int:
        return 1 + zone + self.ZONES * self.dice.randrange(self.COURIERS // self.ZONES)

    def order(
        self,
        at: float,
        person: Person,
        *,
        total: float,
        card: str = "",
        device: str = "",
        door: str = "",
        distance: float = 0.0,
        declines: bool = False,
        courier: int = 0,
        refund: float = 0.0,
        reason: str = "missing",
        pattern: str = "",
    ) -> float:
        """Write an order's whole life down; `refund` is the share asked back. Returns when it ended."""
        dice = self.dice
        restaurant = self.restaurant(person.zone)
        courier = courier or self.courier(person.zone)
        amount = max(600, round(total))
        common = {
            "order": f"{len(self.acts):07x}{dice.getrandbits(32):08x}",
            "account": person.account,
            "card": card or dice.choice(person.cards),
            "device": device or dice.choice(person.devices),
            "door": door or person.door,
            "restaurant": restaurant,
            "total": amount,
            "distance": max(80, round(distance or dice.gauss(person.distance, 500))),
            "pattern": pattern,
        }
        self._write(at, "placed", amount, common)
        paid = at + dice.uniform(0.5, 4.0)
        person.ordered += 1
        if declines:
            self._write(paid, "declined", amount, common, reason=dice.choice(("generic_decline", "insufficient_funds")))
            return paid
        self._write(paid, "authorised", amount, common)
        delivered = at + dice.uniform(24, 55) * MINUTE
        self._write(delivered, "delivered", amount, common, courier=courier)
        if not pattern:
            refund, reason = self._honest_trouble(at, person, courier, restaurant)
        if refund:
            asked = delivered + dice.uniform(3, 90) * MINUTE
            part = max(100, min(amount, round(amount * refund)))
            self._write(asked, "refund", part, common, courier=courier, reason=reason)
        return delivered

    def _honest_trouble(self, at: float, person: Person, courier: int, restaurant: int) -> tuple[float, str]:
        """The share that an honest person asks back, mostly none, and why."""
        dice = self.dice
        chance = person.complains
        if courier in self.sloppy:
            chance += 0.08
        if (restaurant, int(at / DAY)) in self.bad_nights:
            chance += 0.35
        if dice.random() >= chance:
            return 0.0, ""
        if dice.random() < 0.18:
            return 1.0, dice.choice(("not_delivered", "wrong", "late"))
        return dice.uniform(0.1, 0.7), dice.choice(("missing", "missing", "wrong", "quality", "late"))

    def _write(
        self, at: float, kind: str, amount: int, common: dict[str, object], *, courier: int = 0, reason: str = ""
    ) -> None:
        self.acts.append(Act(at=at, kind=kind, amount=amount, courier=courier, reason=reason, **common))  # type: ignore[arg-type]
