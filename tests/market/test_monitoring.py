"""What stands out of a market, from its ticks alone."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from analytics.models import Anomaly, MarketBucket
from analytics.monitoring import apply as monitoring
from analytics.monitoring.robust import Found, Seen, find
from analytics.monitoring.selectors import episodes, markets
from messaging.consuming.failures import Invalid
from messaging.consuming.positions import live_number
from orders.pricing.ticks import PricingTick, number_at

from .market import a_market, ago, envelopes, flat, rows, tick


def series(demands: list[float], supply: float = 3.0) -> list[Seen]:
    return [Seen(100 + place, demand, supply) for place, demand in enumerate(demands)]


def test_a_jump_far_above_the_median_is_a_spike_and_wobbling_is_none() -> None:
    calm = [2.0, 3.0, 1.0, 2.5] * 5
    assert list(find(series(calm), since=0)) == []
    assert list(find(series([*calm, 20.0]), since=0)) == [Found("spike", 120, 20.0, 2.25)]


def test_one_order_where_nothing_ever_happens_is_no_spike() -> None:
    assert list(find(series([0.0] * 20 + [2.0]), since=0)) == []
    assert [one.kind for one in find(series([0.0] * 20 + [4.0]), since=0)] == ["spike"]


def test_spikes_before_do_not_make_the_next_one_look_usual() -> None:
    calm = [2.0, 3.0, 1.0, 2.5] * 10
    found = find(series([*calm, 30.0, 30.0, 30.0, 2.0, 30.0]), since=0)
    assert [one.bucket for one in found] == [140, 141, 142, 144]


def test_a_market_too_young_to_judge_is_not_judged() -> None:
    assert list(find(series([1.0] * 11 + [50.0]), since=0)) == []


def test_orders_without_a_free_courier_are_starved_once_it_lasts() -> None:
    starving = [Seen(n, 2.0, 0.0) for n in range(4)]
    assert [one.bucket for one in find(starving, since=0)] == [2, 3]
    assert list(find([starving[0], starving[1], Seen(2, 2.0, 1.0), starving[3]], since=0)) == []
    assert list(find([Seen(n, 0.0, 0.0) for n in range(4)], since=0)) == []


def test_a_hole_in_the_ticks_is_silence_that_ended() -> None:
    assert list(find([Seen(1, 0.0, 1.0), Seen(3, 0.0, 1.0)], since=0)) == []
    assert list(find([Seen(1, 0.0, 1.0), Seen(7, 0.0, 1.0)], since=0)) == [Found("silent", 7, 25.0, 5.0)]


@pytest.mark.django_db
def test_the_order_and_the_batches_of_ticks_do_not_matter() -> None:
    # given: a calm market with a jump and a hole in it
    until = ago(seconds=0)
    told = [*a_market(120, until=ago(seconds=100)), *flat("harbour", 40, 0, seconds=30, until=until)]
    monitoring.apply(envelopes(told), generation=1)
    assert {row[1] for row in rows(Anomaly, 1)} == {"spike", "starved", "silent"}

    # when: every tick comes three times, in no order and in any batches
    shuffled, chance = told * 3, random.Random(3)
    chance.shuffle(shuffled)
    for part in range(7):
        monitoring.apply(envelopes(shuffled[part::7]), generation=2)

    # then
    assert rows(MarketBucket, 2) == rows(MarketBucket, 1)
    assert rows(Anomaly, 2) == rows(Anomaly, 1)


@pytest.mark.django_db
def test_hours_that_are_read_at_once_tell_what_was_told_as_they_went_by() -> None:
    # given: a jump and a hole, three hours ago, and a calm market since
    told = a_market(120, zones=["harbour"], until=ago(hours=3))
    told += flat("harbour", 40, 0, seconds=30, until=ago(hours=2, minutes=58))
    told += a_market(2 * 3600, zones=["harbour"], until=ago(seconds=0), seed=2)
    for part in range(0, len(told), 500):
        monitoring.apply(envelopes(told[part : part + 500]), generation=1)
    assert {"spike", "starved", "silent"} <= {row[1] for row in rows(Anomaly, 1)}

    # when: a replay is given all of it in one batch
    monitoring.apply(envelopes(told), generation=2)

    # then
    assert rows(MarketBucket, 2) == rows(MarketBucket, 1)
    assert rows(Anomaly, 2) == rows(Anomaly, 1)


@pytest.mark.django_db
def test_neighbours_are_one_episode_and_a_silent_zone_is_named() -> None:
    live = live_number("monitoring")
    monitoring.apply(envelopes(flat("harbour", 3, 0, seconds=40, until=ago(seconds=60))), generation=live)
    (episode,) = [one for one in episodes() if one.kind == "starved"]
    assert episode.zone == "harbour" and 20 <= (episode.ended - episode.began).total_seconds() <= 40
    (market,) = markets()
    assert market.silent_for is not None and 40 < market.silent_for.total_seconds() < 120


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"demand": -1},
        {"supply": 2**40},
        {"number": -1},
        {"number": 2**60},
        {"number": 7_000_000_000},
        {"zone": "old-town"},
    ],
    ids=["below zero", "beyond reason", "before time", "beyond time", "of another year", "another zone"],
)
def test_a_tick_that_no_market_can_have_is_refused_alone(wrong: dict[str, Any]) -> None:
    whole = tick("harbour", number_at(timezone.now()), 1, 2)
    values = msgspec.to_builtins(whole.event) | wrong
    broken = dataclasses.replace(whole, event=PricingTick(**values))
    with pytest.raises(Invalid):
        monitoring.apply(envelopes([broken]), generation=1)
    assert not MarketBucket.objects.exists()
    monitoring.apply(envelopes([whole]), generation=1)
    assert MarketBucket.objects.get().ticks == 1
