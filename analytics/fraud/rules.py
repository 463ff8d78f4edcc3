"""The rules: each a name, a condition on features, points, and a reason that a person can read.

Points add up; from `LINE` on an order is held and a case opened. No rule about haste alone reaches the line: parties,
offices and tests order quickly, too. Verdicts of reviewers make a rule's points weigh more or less (`worth`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .features import DAY, HOUR, Features
from .profiles import Book, Profile

LINE = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """`links` names the profile whose other orders of the last `span` (city seconds) the same suspicion falls on.

    `blames` names the profiles that a verdict of fraud is about: a stolen account is not its owner's fault.
    """

    name: str
    points: int
    reason: str
    when: Callable[[Features], bool]
    links: str = ""
    span: int = 0
    blames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that held, and what it weighed after what reviewers said of it."""

    rule: Rule
    points: int


ORDER_RULES: tuple[Rule, ...] = (
    # Haste: never enough by itself.
    Rule("account_haste", 20, "Many orders of one account within an hour", lambda f: f["account_1h"] >= 4),
    Rule("device_haste", 20, "Many orders from one device within an hour", lambda f: f["device_1h"] >= 4),
    # Cards that are tried out.
    Rule(
        "many_cards",
        60,
        "Four or more cards on one device within an hour, more than there are people",
        lambda f: f["device_cards_1h"] >= 4 and f["device_cards_24h"] >= 1.5 * f["device_people_24h"],
        links="device",
        span=2 * HOUR,
        blames=("device", "card"),
    ),
    Rule(
        "cards_all_day",
        60,
        "Five or more cards on one device within a day, more than there are people",
        lambda f: f["device_cards_24h"] >= 5 and f["device_cards_24h"] >= 1.5 * f["device_people_24h"],
        links="device",
        span=DAY,
        blames=("device", "card"),
    ),
    Rule(
        "declines",
        50,
        "Three or more cards declined on this device within a day",
        lambda f: f["device_declined_24h"] >= 3,
        links="device",
        span=DAY,
        blames=("device", "card"),
    ),
    # An account in other hands.
    Rule(
        "other_hands",
        75,
        "A known account on a new device, to a door it never had anything brought to",
        lambda f: bool(f["device_new"] and f["door_new"]),
        blames=("device", "door"),
    ),
    Rule("much_more", 30, "Much more than this account usually spends", lambda f: _much_more(f)),
    Rule(
        "hurry",
        20,
        "The new device and door again, within a day",
        lambda f: bool(f["device_new"] and f["door_new"] and f["account_device_24h"] >= 1),
        links="device",
        span=DAY,
    ),
    Rule("new_card", 15, "A known account with a new card", lambda f: bool(f["card_new"])),
    # One person as many.
    Rule(
        "one_device_many_new",
        100,
        "A first order from a device on which others, too, have ordered a single time",
        lambda f: f["account_orders"] == 0 and _farm(f, "device", 3),
        links="device",
        span=7 * DAY,
        blames=("account", "device", "card", "door"),
    ),
    Rule(
        "one_door_many_new",
        60,
        "A first order to a door to which others, too, have ordered a single time",
        lambda f: f["account_orders"] == 0 and _farm(f, "door", 3),
        blames=("account", "door"),
    ),
    Rule(
        "shared_card_new",
        60,
        "A first order with a card that two or more others have used",
        lambda f: f["account_orders"] == 0 and f["card_accounts"] >= 2,
        blames=("account", "card"),
    ),
    # Known from before.
    Rule(
        "refund_habit",
        60,
        "This account has most of its orders paid back",
        lambda f: _habit(f, 4, 0.45),
        blames=("account", "device"),
    ),
    Rule("bad_account", 100, "A reviewer found fraud on this account", lambda f: f["bad_account"] > f["good_account"]),
    Rule("bad_device", 80, "A reviewer found fraud on this device", lambda f: f["bad_device"] > f["good_device"]),
    Rule("bad_card", 80, "A reviewer found fraud with this card", lambda f: f["bad_card"] > 0),
    Rule("bad_door", 50, "A reviewer found fraud at this door", lambda f: f["bad_door"] > 0),
    Rule("good_account", -40, "A reviewer found this account genuine", lambda f: f["good_account"] > 0),
)
REFUND_RULES: tuple[Rule, ...] = (
    Rule(
        "refund_habit",
        100,
        "This account asks most of its orders back",
        lambda f: _habit(f, 3, 0.4),
        links="account",
        span=30 * DAY,
        blames=("account", "device"),
    ),
    Rule(
        "courier_and_customer",
        100,
        "The same courier did not deliver to the same customer, again",
        lambda f: f["not_delivered"] > 0 and f["pair_undelivered"] >= 2,
        links="account",
        span=30 * DAY,
        blames=("account", "courier"),
    ),
    Rule(
        "courier_undelivered",
        70,
        "Much of what this courier carries is said not to have come",
        lambda f: f["not_delivered"] > 0 and f["courier_undelivered"] >= 4 and f["courier_undelivered_rate"] >= 0.04,
    ),
    Rule("whole_order", 30, "The whole order is asked back", lambda f: f["share"] >= 0.95),
    Rule("bad_account", 100, "A reviewer found fraud on this account", lambda f: f["bad_account"] > f["good_account"]),
    Rule("good_account", -40, "A reviewer found this account genuine", lambda f: f["good_account"] > 0),
)


def _much_more(features: Features) -> bool:
    return (
        features["amount_ratio"] >= (1.7 if features["account_orders"] >= 3 else 2.4) and features["account_orders"] > 0
    )


def _farm(features: Features, place: str, once: int) -> bool:
    """So many others were here a single time, and few came again: a household or an office is not like that."""
    return features[f"{place}_once"] >= max(once, 0.8 * features[f"{place}_others"])


def _habit(features: Features, refunds: int, rate: float) -> bool:
    return features["refunds_30d"] >= refunds and features["refund_rate"] >= rate and features["refund_share"] >= 0.5


def judge(rules: Sequence[Rule], features: Features, book: Book) -> list[Fired]:
    """The rules that hold, each with its points."""
    return [Fired(rule, worth(rule, book.look("rule", rule.name))) for rule in rules if rule.when(features)]


def total(fired: Sequence[Fired]) -> int:
    return max(0, sum(one.points for one in fired))


def worth(rule: Rule, record: Profile) -> int:
    """A rule's points, by how often reviewers found fraud where it held: up to a tenth more, down to half.

    As if five cases had been judged before, four of them fraud, so that a single verdict moves little. Points fall only
    where more than half were false alarms: a rule is one sign among others, and not to blame for all of them.
    """
    if rule.points < 0:
        return rule.points
    share = (record.fraud + 4) / (record.fraud + record.genuine + 5)
    return round(rule.points * min(1.1, max(0.5, share / 0.5))) if share < 0.5 or share > 0.9 else rule.points


#: Every rule by its name; one that judges orders and refunds is the same to a reviewer.
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in (*ORDER_RULES, *REFUND_RULES)}


def blamed(rules: Sequence[str]) -> frozenset[str]:
    """Kinds of profiles that a verdict of fraud on these rules is about; the account where none says."""
    known = [BY_NAME[name] for name in rules if name in BY_NAME]
    return frozenset(kind for rule in known for kind in rule.blames) or frozenset({"account"})
