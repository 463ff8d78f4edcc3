"""A month of a town: honest people with all that makes them look suspicious, and crimes hidden among them."""

from __future__ import annotations

import random

from simulator.players.customers import DEMAND, NIGHT

from .acts import DAY, DAYS, HOUR, MINUTE, Act, Person, Town
from .crimes import commit_crimes

#: Honest accounts of the month.
PEOPLE = 900


def month(seed: int, *, people: int = PEOPLE, crime: float = 1.0) -> list[Act]:
    """Every act of a month in the order of time; the same seed gives the same month. `crime` scales the episodes."""
    town = Town(random.Random(f"month {seed}"))
    dice = town.dice
    town.sloppy = frozenset(dice.sample(range(1, town.COURIERS + 1), 4))
    town.bad_nights = frozenset((dice.randrange(1, town.RESTAURANTS + 1), dice.randrange(DAYS)) for _ in range(6))
    honest = settle(town, people)
    for person in honest:
        live(town, person)
    commit_crimes(town, honest, scale=crime)
    return sorted(town.acts)


def settle(town: Town, people: int) -> list[Person]:
    """Who lives here: singles, households that share door, devices and cards, houses of many, and a public computer."""
    dice = town.dice
    houses = [(dice.randrange(town.ZONES), town.token("door")) for _ in range(5)]
    public = town.token("device")
    found: list[Person] = []
    while len(found) < people:
        zone, door = dice.randrange(town.ZONES), town.token("door")
        size = dice.choices((1, 2, 3, 4), (82, 11, 5, 2))[0]
        if size == 1 and dice.random() < 0.12:
            zone, door = dice.choice(houses)
        shared_device, shared_card = town.token("device"), town.token("card")
        shares_device, shares_card = dice.random() < 0.6, dice.random() < 0.5
        for _ in range(size):
            devices = [town.token("device")]
            if size > 1 and shares_device:
                devices.append(shared_device)
            if dice.random() < 0.2:
                devices.append(town.token("device"))
            if dice.random() < 0.02:
                devices = [public]
            cards = [town.token("card")] + [town.token("card")] * (dice.random() < 0.25)
            if size > 1 and shares_card:
                cards.append(shared_card)
            found.append(
                Person(
                    account=town.account(),
                    zone=zone,
                    door=door,
                    devices=devices,
                    cards=cards,
                    mean=dice.lognormvariate(7.85, 0.35),
                    rate=min(1.6, dice.gammavariate(1.6, 0.25)),
                    joined=0.0 if dice.random() < 0.65 else dice.uniform(0, DAYS * DAY),
                    distance=dice.uniform(600, 3500),
                    complains=0.16 if dice.random() < 0.03 else 0.03,
                )
            )
    return found


def live(town: Town, person: Person) -> None:
    """An honest month: new phones, moves, travels, parties, declined cards, group orders."""
    dice = town.dice
    new_phone = dice.uniform(0, DAYS * DAY) if dice.random() < 0.10 else None
    moves = dice.uniform(0, DAYS * DAY) if dice.random() < 0.06 else None
    at = person.joined + (0.0 if person.joined else dice.expovariate(person.rate / DAY))
    while (at := meal(town, at)) < DAYS * DAY:
        if new_phone is not None and at > new_phone:
            person.devices[0], new_phone = town.token("device"), None
        if moves is not None and at > moves:
            person.door, person.distance, moves = town.token("door"), dice.uniform(600, 3500), None
        eat(town, person, at)
        at += dice.expovariate(person.rate / DAY)


def eat(town: Town, person: Person, at: float) -> None:
    """One occasion, of one order or, in a group, several."""
    dice = town.dice
    party = dice.random() < (0.15 if person.ordered == 0 else 0.05)
    total = person.mean * dice.lognormvariate(0, 0.3) * (dice.uniform(2.2, 5.0) if party else 1.0)
    elsewhere: dict[str, str | float] = {}
    if dice.random() < 0.04:
        elsewhere = {"door": town.token("door"), "distance": dice.uniform(500, 6000)}
        if dice.random() < 0.2:
            elsewhere["device"] = town.token("device")
    if dice.random() < 0.025:
        # One whose card is declined tries again, or another card.
        for _ in range(dice.choices((1, 2, 3), (6, 3, 1))[0]):
            at = town.order(at, person, total=total, declines=True, **elsewhere) + dice.uniform(20, 180)  # type: ignore[arg-type]
    town.order(at, person, total=total, **elsewhere)  # type: ignore[arg-type]
    if dice.random() < 0.03:
        for _ in range(dice.randint(1, 4)):
            at += dice.uniform(2, 14) * MINUTE
            town.order(at, person, total=person.mean * dice.lognormvariate(0, 0.4), **elsewhere)  # type: ignore[arg-type]


def meal(town: Town, at: float) -> float:
    """The next moment from `at` on when somebody would be hungry, by the demand of the hour."""
    curve = [*DEMAND, *([NIGHT] * (24 - len(DEMAND)))]
    while town.dice.random() > curve[int(at / HOUR) % 24] / max(curve):
        at += town.dice.uniform(10, 90) * MINUTE
    return at
