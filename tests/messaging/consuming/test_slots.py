"""Ticks without a sequence are counted once, however often and in whatever order they come."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.consuming.slots import SLOTS, Sample, count
from orders.models import Pressure

pytestmark = pytest.mark.django_db

COLUMNS = ("demand", "supply")
NUMBERS = st.integers(min_value=0, max_value=6 * SLOTS)
SAMPLES = st.lists(st.tuples(st.sampled_from(["old-town", "harbour"]), NUMBERS), max_size=60)


def sample(zone: str, number: int) -> Sample:
    """What the market was then: the same whoever tells it, however often."""
    return zone, number, (number * 7 % 11, number * 3 % 5)


def rows(generation: int) -> list[tuple[object, ...]]:
    found = Pressure.objects.filter(generation=generation)
    return sorted(found.values_list("key", "bucket", "seen", "demand", "supply"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SAMPLES, st.integers(min_value=1, max_value=9), st.randoms(use_true_random=False))
def test_repeats_and_disorder_give_the_same_rows(
    told: list[tuple[str, int]], batches: int, chance: random.Random
) -> None:
    Pressure.objects.all().delete()
    samples = [sample(*one) for one in told]
    count(Pressure, COLUMNS, sorted(set(samples)), generation=1, keep=100)
    shuffled = samples * 10
    chance.shuffle(shuffled)
    for part in range(batches):
        count(Pressure, COLUMNS, shuffled[part::batches], generation=2, keep=100)
    assert rows(1) == rows(2)
    assert sum(row.ticks for row in Pressure.objects.filter(generation=1)) == len(set(samples))


def test_what_is_old_goes_by_the_zones_own_time() -> None:
    for number in (0, SLOTS, 2 * SLOTS):
        count(Pressure, COLUMNS, [sample("old-town", number)], generation=1, keep=2)
    count(Pressure, COLUMNS, [sample("harbour", 0), sample("old-town", 3)], generation=1, keep=2)
    kept = Pressure.objects.filter(generation=1).order_by("key", "bucket").values_list("key", "bucket")
    assert list(kept) == [("harbour", 0), ("old-town", 1), ("old-town", 2)]


def test_of_two_different_ticks_of_one_moment_the_first_counts() -> None:
    count(Pressure, COLUMNS, [("a", 5, (1, 2)), ("a", 5, (9, 9))], generation=1, keep=9)
    count(Pressure, COLUMNS, [("a", 5, (7, 7)), ("a", 6, (1, 0))], generation=1, keep=9)
    row = Pressure.objects.get()
    assert (row.ticks, row.demand, row.supply) == (2, 2, 2)
