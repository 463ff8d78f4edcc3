"""The five patterns. Each hides: some are slow, some small, some share what honest people share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .acts import DAY, DAYS, GREY, HOUR, MINUTE, Person, Town


def commit_crimes(town: Town, honest: Sequence[Person], *, scale: float = 1.0) -> None:
    """Put all patterns into the month, spread over its days; about one order in twenty is then somebody's crime."""

    def times(count: int) -> range:
        return range(round(count * scale))

    for _ in times(14):
        test_cards(town, town.dice.uniform(0.5 * DAY, (DAYS - 1) * DAY))
    victims = [person for person in honest if person.ordered >= 4]
    for victim in town.dice.sample(victims, min(len(victims), len(times(60)))):
        take_over(town, victim, town.dice.uniform(6 * DAY, (DAYS - 0.5) * DAY))
    for _ in times(14):
        abuse_refunds(town)
    for courier in town.dice.sample(range(1, town.COURIERS + 1), min(town.COURIERS, len(times(6)))):
        collude(town, courier)
    for _ in times(18):
        farm_promos(town, town.dice.uniform(1 * DAY, (DAYS - 4) * DAY))


def stranger(town: Town, zone: int | None = None) -> Person:
    """An account that somebody made for a crime."""
    dice = town.dice
    return Person(
        account=town.account(),
        zone=dice.randrange(town.ZONES) if zone is None else zone,
        door=town.token("door"),
        devices=[town.token("device")],
        cards=[town.token("card")],
        mean=dice.lognormvariate(7.85, 0.35),
        rate=0.0,
        joined=0.0,
        distance=dice.uniform(600, 3500),
    )


def test_cards(town: Town, at: float) -> None:
    """Stolen numbers are tried on small orders until one goes through; most are declined. A few do it slowly."""
    dice = town.dice
    devices = [town.token("device") for _ in range(dice.choice((1, 1, 2)))]
    zone = dice.randrange(town.ZONES)
    accounts = [stranger(town, zone) for _ in range(dice.choice((1, 2, 3)))]
    slow = dice.random() < 0.3
    for _ in range(dice.randint(8, 24)):
        who = dice.choice(accounts)
        town.order(
            at,
            who,
            total=dice.uniform(700, 1900),
            card=town.token("card"),
            device=dice.choice(devices),
            door=accounts[0].door,
            declines=dice.random() < 0.68,
            pattern="card testing",
        )
        at += dice.uniform(6, 22) * MINUTE if slow else dice.uniform(0.4, 4) * MINUTE


def take_over(town: Town, victim: Person, at: float) -> None:
    """A customer's account on somebody else's device, to somebody else's door, mostly for much more than usual."""
    dice = town.dice
    device, door = town.token("device"), town.token("door")
    quiet = dice.random() < 0.2
    for _ in range(dice.choice((1, 1, 2, 3))):
        town.order(
            at,
            victim,
            total=victim.mean * (dice.uniform(1.0, 1.7) if quiet else dice.uniform(1.8, 4.5)),
            card=victim.cards[0] if dice.random() < 0.75 else town.token("card"),
            device=device,
            door=door,
            distance=dice.uniform(800, 7000),
            pattern="account takeover",
        )
        at += dice.uniform(8, 90) * MINUTE


def abuse_refunds(town: Town) -> None:
    """Somebody who eats for nothing, on one account or a few: honest for an order or two, then asks most back."""
    dice = town.dice
    device, zone = town.token("device"), dice.randrange(town.ZONES)
    accounts = [stranger(town, zone) for _ in range(dice.choice((1, 1, 2)))]
    at = dice.uniform(0, 10 * DAY)
    for number in range(dice.randint(12, 26)):
        who = accounts[number % len(accounts)]
        abusive = number >= 2 and dice.random() < 0.62
        town.order(
            at,
            who,
            total=who.mean * dice.lognormvariate(0, 0.3),
            device=device,
            refund=(1.0 if dice.random() < 0.6 else dice.uniform(0.4, 0.9)) if abusive else 0.0,
            reason=dice.choice(("missing", "wrong", "quality", "late", "not_delivered")),
            pattern="refund abuse" if abusive else GREY,
        )
        at += dice.uniform(0.4, 1.6) * DAY
        if at > (DAYS - 0.3) * DAY:
            return


def collude(town: Town, courier: int) -> None:
    """A courier and a few customers: what one "did not deliver" the others have money back for."""
    dice = town.dice
    zone = (courier - 1) % town.ZONES
    friends = [stranger(town, zone) for _ in range(dice.choice((2, 3)))]
    starts = dice.uniform(0, 12 * DAY)
    for friend in friends:
        at = starts + dice.uniform(0, 3 * DAY)
        for _ in range(dice.randint(9, 16)):
            together = dice.random() < 0.75
            claims = together and dice.random() < 0.65
            town.order(
                at,
                friend,
                total=friend.mean * dice.lognormvariate(0, 0.35),
                courier=courier if together else 0,
                refund=1.0 if claims else 0.0,
                reason="not_delivered",
                pattern="courier collusion" if claims else GREY,
            )
            at += dice.uniform(0.4, 2.2) * DAY
            if at > (DAYS - 0.3) * DAY:
                break


def farm_promos(town: Town, at: float) -> None:
    """One person as many new customers, each for one order: what a first-order discount would be taken with.

    They come on one device, or on several to one door, with a few cards or many.
    """
    dice = town.dice
    devices = [town.token("device") for _ in range(dice.choice((1, 1, 2)))]
    doors = [town.token("door") for _ in range(dice.choice((1, 1, 2)))]
    cards = [town.token("card") for _ in range(dice.choice((1, 2, 12)))]
    zone = dice.randrange(town.ZONES)
    for _ in range(dice.randint(5, 13)):
        who = dataclasses.replace(stranger(town, zone), cards=[dice.choice(cards)])
        town.order(
            at,
            who,
            total=dice.uniform(1200, 2600),
            device=dice.choice(devices),
            door=dice.choice(doors),
            pattern="promo abuse",
        )
        at += dice.uniform(0.5, 14) * HOUR
