"""Numbers that rules and models judge by, each from profiles alone, as they stood when the fact came."""

from __future__ import annotations

import math
from collections import Counter

from .facts import Fact
from .profiles import Book, Entry, Profile, distinct, since

Features = dict[str, float]

MINUTE, HOUR, DAY = 60, 3600, 86400
#: An account's own past counts from so many orders on; before, an order is compared with a usual one (minor units).
OWN_PAST, USUAL_TOTAL = 3, 2600
#: Refunds are a habit over so many days.
HABIT = 30 * DAY


def of_order(fact: Fact, book: Book) -> Features:
    """Of an order as it is placed, or as its payment is answered (then with what the answer added)."""
    account, card = book.look("account", fact.account), book.look("card", fact.card)
    device, door = book.look("device", fact.device), book.look("door", fact.door)
    # Of a day ago and before: a thief's second order must not make the first one's device an old friend.
    past = since(account.placed, 0, fact.at - DAY)
    known = account.orders - (any(entry.order == fact.order for entry in account.placed))
    hour, day = (_others(account.placed, fact, fact.at - span) for span in (HOUR, DAY))
    device_hour, device_day = (_others(device.placed, fact, fact.at - span) for span in (HOUR, DAY))
    declines_hour = since(device.declined, fact.at - HOUR, fact.at)
    declines_day = since(device.declined, fact.at - DAY, fact.at)
    return {
        "account_orders": known,
        "account_hours": (fact.at - account.first) / HOUR if account.first else 0.0,
        "account_1h": len(hour),
        "account_24h": len(day),
        "account_device_24h": sum(entry.device == fact.device for entry in day if fact.device),
        "account_past": len(past),
        "account_cards_24h": distinct([fact.card, *(entry.card for entry in day)]),
        "account_declines_24h": len(since(account.declined, fact.at - DAY, fact.at)),
        "amount": fact.total / 100,
        "amount_ratio": _ratio(fact, account, known),
        "distance_km": max(0, fact.distance) / 1000,
        "distance_ratio": _distance_ratio(fact, account),
        "card_accounts": distinct(entry.account for entry in card.placed if entry.account != fact.account),
        "card_new": _new(fact.card, [entry.card for entry in past]),
        "device_1h": len(device_hour),
        "device_accounts_7d": _accounts(device, fact, 7 * DAY),
        "device_cards_1h": distinct([fact.card, *(entry.card for entry in device_hour)]),
        "device_cards_24h": distinct([fact.card, *(entry.card for entry in device_day)]),
        "device_people_24h": distinct([fact.account, *(entry.account for entry in device_day)]),
        "device_declines_1h": len(declines_hour),
        "device_declines_24h": len(declines_day),
        "device_declined_24h": distinct(entry.card for entry in declines_day),
        "device_new": _new(fact.device, [entry.device for entry in past]),
        "device_once": _once(device, fact),
        "device_others": _accounts(device, fact, 14 * DAY),
        "door_accounts_7d": _accounts(door, fact, 7 * DAY),
        "door_new": _new(fact.door, [entry.door for entry in past]),
        "door_once": _once(door, fact),
        "door_others": _accounts(door, fact, 14 * DAY),
        "door_strangers": _strangers(door, fact),
        "bad_account": account.fraud,
        "bad_card": card.fraud,
        "bad_device": device.fraud,
        "bad_door": door.fraud,
        "good_account": account.genuine,
        "good_device": device.genuine,
        **_habit(fact, account, device, door),
    }


def of_refund(fact: Fact, book: Book) -> Features:
    """Of money asked back, this time among the times before."""
    account, device, door = (
        book.look("account", fact.account),
        book.look("device", fact.device),
        book.look("door", fact.door),
    )
    courier = book.look("courier", fact.courier)
    by_courier = since(courier.returned, fact.at - HABIT, fact.at)
    undelivered = [entry for entry in by_courier if entry.reason == "not_delivered"]
    return {
        "share": fact.amount / fact.total if fact.total else 0.0,
        "not_delivered": float(fact.reason == "not_delivered"),
        "account_orders": account.orders,
        "courier_refunds": len(by_courier),
        "courier_undelivered": len(undelivered),
        "courier_rate": len(by_courier) / max(courier.delivered, len(by_courier), 1),
        "courier_undelivered_rate": len(undelivered) / max(courier.delivered, len(undelivered), 1),
        "courier_top_account": max(Counter(entry.account for entry in undelivered).values(), default=0),
        "pair_refunds": sum(entry.account == fact.account for entry in by_courier),
        "pair_undelivered": sum(entry.account == fact.account for entry in undelivered),
        "bad_account": account.fraud,
        "bad_courier": courier.fraud,
        "bad_device": device.fraud,
        "good_account": account.genuine,
        **_habit(fact, account, device, door),
    }


def _habit(fact: Fact, account: Profile, device: Profile, door: Profile) -> Features:
    asked = since(account.returned, fact.at - HABIT, fact.at)
    return {
        "refunds_30d": len(asked),
        "refund_rate": len(asked) / max(account.delivered, len(asked), 1),
        "refund_share": sum(entry.share for entry in asked) / 100 / max(len(asked), 1),
        "device_refunds": len(since(device.returned, fact.at - HABIT, fact.at)),
        "device_refund_rate": len(device.returned) / max(device.orders, len(device.returned), 1),
        "door_refunds": len(since(door.returned, fact.at - HABIT, fact.at)),
        "door_refund_rate": len(door.returned) / max(door.orders, len(door.returned), 1),
    }


def _others(entries: list[Entry], fact: Fact, begin: int) -> list[Entry]:
    return [entry for entry in since(entries, begin - 1, fact.at) if entry.order != fact.order]


def _ratio(fact: Fact, account: Profile, known: int) -> float:
    """The total beside the usual one of this account."""
    if known < OWN_PAST:
        return fact.total / USUAL_TOTAL
    self_in = account.orders - known
    mean = (account.spent - self_in * fact.total) / known
    return fact.total / max(mean, 1.0)


def _distance_ratio(fact: Fact, account: Profile) -> float:
    if fact.distance < 0 or account.measured < OWN_PAST:
        return 1.0
    return fact.distance / max(account.metres / account.measured, 300.0)


def _new(token: str, before: list[str]) -> float:
    """1 where an account with a past shows this token for the first day; 0 where that cannot be told."""
    seen = [one for one in before if one]
    return float(bool(token) and bool(seen) and token not in seen)


def _accounts(profile: Profile, fact: Fact, span: int) -> float:
    return float(
        distinct(
            entry.account for entry in _others(profile.placed, fact, fact.at - span) if entry.account != fact.account
        )
    )


def _once(profile: Profile, fact: Fact) -> float:
    """Other accounts that were seen here a single time in two weeks: a household comes again."""
    counted = Counter(entry.account for entry in _others(profile.placed, fact, fact.at - 14 * DAY))
    return float(sum(times == 1 for account, times in counted.items() if account != fact.account))


def _strangers(profile: Profile, fact: Fact) -> float:
    """Other accounts at this door in three days that came on this device, or within a few hours: a drop."""
    near = [entry for entry in _others(profile.placed, fact, fact.at - 3 * DAY) if entry.account != fact.account]
    return float(
        distinct(e.account for e in near if (e.device and e.device == fact.device) or fact.at - e.at < 6 * HOUR)
    )


def rounded(features: Features) -> Features:
    """As a decision keeps them: what is 0 left out."""
    return {name: round(value, 3) for name, value in features.items() if value and math.isfinite(value)}
