"""The group on PostgreSQL: an event's effect once, profiles that a replay builds again, and what it never repeats."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.fraud import apply as fraud
from analytics.models import FraudCase, FraudDecision, FraudProfile
from messaging.consuming.group import get_group
from messaging.consuming.positions import SCRATCH
from messaging.consuming.replay import begin_generation, swap
from messaging.models import OutboxRow
from tests.messaging.streams import Record

from .stories import Reader, card_testing, honest, order_id, placed, verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]


def profiles(generation: int = 1) -> list[tuple[Any, ...]]:
    rows = FraudProfile.objects.filter(generation=generation).order_by("kind", "token")
    return list(rows.values_list("kind", "token", "state"))


def decisions() -> set[tuple[str, str, int]]:
    return {(str(row.order_id), row.stage, row.score) for row in FraudDecision.objects.all()}


def holds() -> list[dict[str, Any]]:
    rows = OutboxRow.objects.filter(type=fraud.HOLD).order_by("id")
    return [json.loads(bytes(row.payload)) for row in rows]


def test_an_order_over_the_line_gets_one_case_and_one_hold_with_its_reasons() -> None:
    Reader().read(*card_testing())

    held = holds()
    assert sorted(one["order"] for one in held) == [order_id(number) for number in range(1, 9)]
    case = FraudCase.objects.get(order_id=order_id(4))
    assert (case.stage, case.score, case.rules) == ("declined", 110, {"many_cards": 60, "declines": 50})
    assert (case.account, case.card, case.device, case.door, case.verdict) == (100, "card4", "thief", "cellar", "")
    assert held[[one["order"] for one in held].index(order_id(4))] == {
        "order": order_id(4),
        "score": 110,
        "rules": "many_cards,declines",
    }
    first = FraudCase.objects.get(order_id=order_id(1))
    assert (first.stage, first.device, first.card) == ("linked", "thief", "")
    decision = FraudDecision.objects.get(order_id=order_id(4), stage="declined")
    assert decision.features["device_cards_1h"] == 4 and decision.features["device_declined_24h"] == 3
    assert decision.rules == case.rules
    assert case.listed_rules[0] == (
        "many_cards",
        60,
        "Four or more cards on one device within an hour, more than there are people",
    )


def test_honest_orders_are_decided_and_neither_held_nor_opened() -> None:
    Reader().read(*honest(1, orders=3, refunded=1))
    assert {stage for _, stage, score in decisions()} == {"placed", "authorised", "refund"}
    assert {score for _, _, score in decisions()} == {0}
    assert not FraudCase.objects.exists() and holds() == []


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_deliveries_of_each_record_in_any_order_have_one_effect(seed: int) -> None:
    """Repeats at new offsets, as a producer that was not heard writes them: within a key no earlier than the first."""
    story = [*honest(1, orders=5, refunded=2), *card_testing()]
    once = Reader()
    once.read(*story)
    expected, decided, held = profiles(), decisions(), holds()

    dice = random.Random(seed)
    repeats = story * 9
    dice.shuffle(repeats)
    once.read(*repeats)

    assert (profiles(), decisions(), holds()) == (expected, decided, held)


def test_shuffled_keys_give_the_same_profiles() -> None:
    """Between orders and payments Kafka promises no sequence: a rebuild reads them as they come."""
    story = [*honest(1, orders=5, refunded=2), *honest(2, first=700), *card_testing()]
    Reader().read(*story)
    number = begin_generation(get_group("fraud"))
    shuffled = story.copy()
    random.Random(7).shuffle(shuffled)
    # Within a key the sequence stays.
    ranks: dict[str, list[Record]] = {}
    for record in story:
        ranks.setdefault(record.key, []).append(record)
    in_turn = [ranks[record.key].pop(0) for record in shuffled]
    Reader(generation=number).read(*in_turn)
    assert profiles(number) == profiles(1)


def test_a_replay_builds_the_profiles_and_decides_and_holds_nothing_again() -> None:
    story = [*honest(1), *card_testing()]
    Reader().read(*story)
    decided, held, cases = decisions(), holds(), FraudCase.objects.count()
    group = get_group("fraud")

    number = begin_generation(group)
    Reader(generation=number).read(*story)
    assert profiles(number) == profiles(1)
    assert swap(group, number) == 1
    Reader(generation=SCRATCH).read(*story)

    assert (decisions(), holds(), FraudCase.objects.count()) == (decided, held, cases)
    # Nor where the decisions are gone: these events are too old for a replay to act upon.
    FraudDecision.objects.all().delete()
    FraudCase.objects.all().delete()
    Reader(generation=begin_generation(group)).read(*story)
    assert decisions() == set() and holds() == held


def test_what_a_replay_reads_before_the_live_generation_does_is_decided_once() -> None:
    """Just before a swap the new generation is ahead: these orders would else be nobody's."""
    now = datetime.now(UTC)
    story = card_testing()
    for turn, record in enumerate(story):
        record.time = now - timedelta(seconds=len(story) - turn)
    group = get_group("fraud")
    Reader().read(placed(999, 9))

    number = begin_generation(group)
    ahead = Reader(generation=number)
    ahead.read(placed(999, 9), *story)
    assert len(holds()) == 8
    Reader().read(placed(999, 9), *story)

    assert len(holds()) == 8 and FraudCase.objects.count() == 8


def test_a_verdict_is_learnt_from() -> None:
    reader = Reader()
    reader.read(*card_testing())
    reader.read(
        verdict(4, 100, "fraud", minute=60, rules=["many_cards", "declines"], about=["device", "card"],
                device="thief", card="card4", door="cellar"),
        placed(50, 77, minute=60 * 24 * 3, device="thief", card="other", door="elsewhere"),
    )  # fmt: skip
    assert FraudDecision.objects.get(order_id=order_id(50)).rules == {"bad_device": 80}
    found = {(kind, token): state for kind, token, state in profiles()}
    assert found["rule", "many_cards"] == {"fraud": 1} and found["device", "thief"]["fraud"] == 1
    assert "fraud" not in found["door", "cellar"]
