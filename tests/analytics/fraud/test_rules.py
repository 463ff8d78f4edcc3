"""What the pure part makes of a few facts, to the point."""

from __future__ import annotations

import random
from typing import Any

import pytest

from analytics.fraud.facts import Fact, notice
from analytics.fraud.profiles import Book, Profile, written_by
from analytics.fraud.rules import BY_NAME, LINE, ORDER_RULES, REFUND_RULES, blamed, worth
from analytics.fraud.scoring import Decision, take
from tests.messaging.streams import Record, a_fact

from .stories import card_testing, declined, delivered, honest, order_id, placed, refund, verdict


def facts(*records: Record) -> list[Fact]:
    found = []
    for record in records:
        assert record.event is not None
        fact = notice(record.event, at=record.time)
        assert fact is not None
        found.append(fact)
    return found


def judged(*records: Record, book: Book | None = None) -> list[Decision]:
    book = book or Book()
    return [decision for fact in facts(*records) for decision in take(fact, book)]


def points(decision: Decision) -> dict[str, int]:
    return {one.rule.name: one.points for one in decision.fired}


def test_other_facts_say_nothing() -> None:
    record = Record("x", 1, a_fact("x"))
    assert record.event is not None
    assert notice(record.event, at=record.time) is None


def test_an_honest_past_raises_no_suspicion() -> None:
    assert {decision.score for decision in judged(*honest(1, orders=6, refunded=1))} == {0}


def test_cards_tried_on_one_device_are_over_the_line_and_draw_the_earlier_orders_in() -> None:
    found = judged(*card_testing())
    first = next(decision for decision in found if decision.over)
    assert points(first) == {"many_cards": 60, "declines": 50}
    assert (first.order, first.stage, first.score) == (order_id(4), "declined", 110)
    linked = {decision.order for decision in found if decision.stage == "linked"}
    assert {order_id(number) for number in range(1, 4)} <= linked
    assert {decision.because_of for decision in found if decision.order == order_id(1) and decision.stage == "linked"}


def test_a_takeover_is_told_from_a_new_phone_and_from_a_friend_s_door() -> None:
    past = honest(1)
    mine: dict[str, Any] = {"card": "card of 1"}
    takeover = placed(1, 1, total=5200, device="strange", door="drop", **mine)
    assert points(judged(*past, takeover)[-1]) == {"other_hands": 75, "much_more": 30}
    new_phone = placed(1, 1, total=5200, device="strange", door="door of 1", **mine)
    assert points(judged(*past, new_phone)[-1]) == {"much_more": 30}
    friend = placed(1, 1, device="phone of 1", door="friend's", **mine)
    assert points(judged(*past, friend)[-1]) == {}
    again = placed(2, 1, minute=20, device="strange", door="drop", **mine)
    found = judged(*past, placed(1, 1, device="strange", door="drop", **mine), again)
    assert points(found[-1]) == {"other_hands": 75, "hurry": 20}
    dear = placed(3, 1, minute=40, total=4000, device="strange", door="drop", **mine)
    found = judged(*past, placed(1, 1, device="strange", door="drop", **mine), dear)
    assert points(found[-2]) == {"other_hands": 75, "hurry": 20, "much_more": 30}
    assert (found[-1].order, found[-1].stage) == (order_id(1), "linked")


def test_one_person_as_many_is_told_from_a_household() -> None:
    farm = [placed(n, 200 + n, minute=60 * n, device="farm", card=f"c{n}", door=f"d{n}") for n in range(1, 5)]
    assert points(judged(*farm)[3]) == {"one_device_many_new": 100}
    household = [
        placed(n, 300 + n % 3, minute=60 * 24 * n / 2, device="tablet", card=f"c{n % 3}", door="home") for n in range(9)
    ]
    assert {decision.score for decision in judged(*household)} == {0}
    fourth = placed(20, 999, minute=60 * 24 * 5, device="tablet", card="c9", door="home")
    assert points(judged(*household, fourth)[-1]) == {}


def test_a_refund_habit_shows_with_the_third_and_falls_on_the_first_two() -> None:
    story: list[Record] = []
    for number in range(1, 4):
        story += [
            placed(number, 1, minute=1440 * number),
            delivered(number, 1, minute=1440 * number + 30),
            refund(number, 1, minute=1440 * number + 60, reason="missing"),
        ]
    found = [decision for decision in judged(*story) if decision.stage in ("refund", "linked")]
    assert [(decision.order, decision.stage, decision.over) for decision in found] == [
        (order_id(1), "refund", False),
        (order_id(2), "refund", False),
        (order_id(3), "refund", True),
        (order_id(1), "linked", True),
        (order_id(2), "linked", True),
    ]
    assert points(found[2]) == {"refund_habit": 100, "whole_order": 30}


def test_the_same_courier_and_customer_again() -> None:
    story = honest(1, orders=12)
    story += [refund(500, 1, minute=-900, courier=5), refund(505, 1, minute=-100, courier=5)]
    assert points(judged(*story)[-2]) == {"courier_and_customer": 100, "whole_order": 30}
    other = honest(1, orders=12)
    other += [refund(500, 1, minute=-900, courier=6), refund(505, 1, minute=-100, courier=5)]
    assert points(judged(*other)[-1]) == {"whole_order": 30}


def test_haste_alone_never_reaches_the_line() -> None:
    """Tests, offices and parties order quickly; without a device no rule about many cards or people can hold."""
    story = [placed(n, 1, minute=n / 60, card="one", door="home") for n in range(40)]
    story += [placed(100 + n, 50 + n, minute=n / 60, door="home", card=f"c{n}") for n in range(40)]
    assert max(decision.score for decision in judged(*story)) < LINE


def test_a_verdict_teaches_about_what_the_rules_blame_and_no_more() -> None:
    book = Book()
    judged(*honest(1), book=book)
    judged(
        verdict(
            1, 1, "fraud", minute=5, rules=["other_hands"], about=["device", "door"], device="strange", door="drop"
        ),
        book=book,
    )
    assert (book.look("device", "strange").fraud, book.look("door", "drop").fraud) == (1, 1)
    assert book.look("account", 1).fraud == 0
    assert blamed(["other_hands"]) == {"device", "door"}
    assert blamed(["account_haste"]) == {"account"}
    assert blamed(["one_device_many_new", "a rule of long ago"]) == {"account", "device", "card", "door"}
    next_one = judged(placed(2, 7, minute=10, device="strange", card="new", door="else"), book=book)[-1]
    assert points(next_one) == {"bad_device": 80}


@pytest.mark.parametrize(
    ("fraud", "genuine", "expected"),
    [(0, 0, 75), (0, 3, 75), (0, 4, 67), (0, 100, 38), (50, 0, 82), (8, 8, 75), (3, 0, 75)],
)
def test_what_reviewers_found_moves_a_rule_s_points(fraud: int, genuine: int, expected: int) -> None:
    assert worth(BY_NAME["other_hands"], Profile(fraud=fraud, genuine=genuine)) == expected


def test_every_rule_says_why_and_blames_what_there_is() -> None:
    for rule in (*ORDER_RULES, *REFUND_RULES):
        assert rule.reason[0].isupper() and not rule.reason.endswith(".")
        assert set(rule.blames) <= {"account", "card", "device", "door", "courier"}
        assert rule.links in ("", "account", "card", "device")
    for name in {rule.name for rule in ORDER_RULES} & {rule.name for rule in REFUND_RULES}:
        assert name in BY_NAME


def test_profiles_come_out_the_same_in_any_order() -> None:
    story = facts(*card_testing(), *honest(1, orders=30, refunded=20), *honest(2, first=900))
    story += facts(verdict(3, 101, "fraud", minute=90, rules=["many_cards"], about=["device"], device="thief"))
    states = []
    for seed in range(5):
        shuffled = story.copy()
        random.Random(seed).shuffle(shuffled)
        book = Book()
        for fact in shuffled:
            book.add(fact)
        states.append(book.profiles)
    assert all(state == states[0] for state in states)
    assert set(states[0]) == {key for fact in story for key in written_by(fact)}


def test_a_decline_counts_for_the_next_order_on_the_device() -> None:
    found = judged(placed(1, device="d", card="a"), declined(1, minute=1, device="d", card="a"))
    assert found[-1].features["device_declines_1h"] == 1
