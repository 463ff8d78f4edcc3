"""The arithmetic under a promise, without a database."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.eta.errors import CHANCE, ENOUGH, PRIOR, margin
from delivery.eta.kitchens import Learnt
from delivery.eta.quantiles import quantile, shrink, upper

COUNTS = st.dictionaries(st.integers(-50, 200), st.integers(1, 50), min_size=1)


def test_quantiles_lie_evenly_within_a_bucket() -> None:
    counts = {2: 1.0, 4: 3.0}
    assert [quantile(counts, share, width=30) for share in (0.125, 0.25, 0.625, 1.0)] == [75.0, 90.0, 135.0, 150.0]


def test_without_counts_there_is_none() -> None:
    with pytest.raises(ValueError, match="without counts"):
        quantile({}, 0.5, width=30)


@given(COUNTS, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_quantiles_rise_and_stay_within_what_was_seen(counts: dict[int, int], a: float, b: float) -> None:
    low, high = (quantile(counts, share, width=30) for share in sorted((a, b)))
    assert min(counts) * 30 <= low <= high <= (max(counts) + 1) * 30


def test_little_knowledge_is_drawn_towards_all_and_much_is_not() -> None:
    city = {10: 500, 11: 500}
    one, many = shrink({40: 1}, city, strength=8), shrink({40: 400}, city, strength=8)
    assert quantile(one, 0.5, width=1) < 12
    assert quantile(many, 0.5, width=1) > 40
    # What the city counts for does not grow with the city.
    assert sum(one.values()) == 9


def test_the_upper_bound_is_one_rank_above_the_plain_quantile() -> None:
    assert upper(range(1, 10), 0.9) == 9
    assert upper(range(1, 20), 0.9) == 18
    # Too few to tell: the largest stands for all beyond.
    assert upper([3.0, 1.0], 0.9) == 3.0


@pytest.mark.parametrize("spread", ["normal", "skewed", "two kinds"])
def test_nine_in_ten_hold_whatever_the_errors_look_like(spread: str) -> None:
    dice = random.Random(7)
    kinds: dict[str, Callable[[], float]] = {
        "normal": lambda: dice.gauss(0.2, 1),
        "skewed": lambda: dice.lognormvariate(0, 1),
        "two kinds": lambda: dice.gauss(0, 0.2) + (5 if dice.random() < 0.3 else 0),
    }
    draw = kinds[spread]
    errors: list[float] = []
    held: list[bool] = []
    for _ in range(3000):
        latest = margin(errors[:400], held[:400]).latest
        error = draw()
        held.insert(0, error <= latest)
        errors.insert(0, error)
    after_learning = held[:-100]
    assert 0.88 <= sum(after_learning) / len(after_learning) <= 0.92


def test_a_city_that_slows_down_is_followed() -> None:
    """Errors that drift through the day, told only when the order is delivered: ten orders later."""
    dice = random.Random(7)
    errors: list[float] = []
    held: list[bool] = []
    waiting: list[tuple[float, bool]] = []
    for n in range(3000):
        latest = margin(errors[:400], held[:400]).latest
        error = dice.gauss(2 * (1 - abs((n % 1500) - 750) / 750), 1)
        waiting.append((error, error <= latest))
        if len(waiting) > 10:
            known = waiting.pop(0)
            errors.insert(0, known[0])
            held.insert(0, known[1])
    assert 0.88 <= sum(held[:-100]) / len(held[:-100]) <= 0.92


def test_a_rush_that_is_over_is_soon_forgotten() -> None:
    """Long margins for an hour after it would hold always, and tell a customer nothing."""
    dice = random.Random(7)
    errors: list[float] = []
    held: list[bool] = []
    for n in range(500):
        latest = margin(errors, held).latest
        error = dice.gauss(3 if n < 250 else 0, 1)
        held.insert(0, error <= latest)
        errors.insert(0, error)
    after = held[:220]
    assert 0.88 <= sum(after) / len(after) <= 0.92


def test_the_first_promises_are_cautious() -> None:
    first = margin([], [])
    assert (first.expected, first.latest) == (upper(PRIOR, 0.5), upper(PRIOR, CHANCE))
    assert margin([0.0] * ENOUGH, []).latest == 0.0


def test_a_new_restaurant_counts_as_its_own_word_and_the_citys_habits() -> None:
    known = Learnt(city={"cook": {30: 300.0}, "late": {4: 300.0}, "confirm": {2: 300.0}}, day={}, hour={})
    habits = known.habits(7, usual_minutes=10)
    assert 600 <= habits.cook <= 630 and 60 <= habits.confirm <= 90 and 120 <= habits.late <= 150


def test_an_hour_of_its_own_counts_where_it_is_known_well() -> None:
    day = {"cook": {7: {20: 200.0}}}
    quiet, busy = Learnt(city={}, day=day, hour={}), Learnt(city={}, day=day, hour={"cook": {7: {40: 100.0}}})
    assert 600 <= quiet.habits(7, usual_minutes=10).cook < 631
    assert 1200 <= busy.habits(7, usual_minutes=10).cook <= 1230


def test_nothing_known_at_all_is_no_error() -> None:
    habits = Learnt(city={}, day={}, hour={}).habits(1, usual_minutes=15)
    assert 900 <= habits.cook <= 930 and habits.cook_spread >= 0
