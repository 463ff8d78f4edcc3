"""The rule from market to surcharge: within its bounds, smooth, and never cheaper where more people wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing.fare import CALM, FULL, STEP, Bounds, next_surcharge, pressure, smoothed

PRESSURES = st.floats(min_value=0, max_value=1e6)
AGES = st.floats(min_value=0, max_value=1000)
SURCHARGES = st.integers(min_value=0, max_value=5000)
MARKETS = st.lists(st.tuples(AGES, PRESSURES), max_size=40)


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    lowest, highest = sorted([draw(SURCHARGES), draw(SURCHARGES)])
    return Bounds(lowest, highest)


@given(SURCHARGES, st.floats(allow_nan=False), bounds())
def test_a_surcharge_is_within_its_bounds_whatever_comes_in(current: int, smooth: float, within: Bounds) -> None:
    assert within.lowest <= next_surcharge(current, smooth, within) <= within.highest


@given(SURCHARGES, PRESSURES, PRESSURES, bounds())
def test_more_pressure_is_never_cheaper(current: int, one: float, other: float, within: Bounds) -> None:
    calm, busy = sorted([one, other])
    assert next_surcharge(current, calm, within) <= next_surcharge(current, busy, within)


@given(SURCHARGES, PRESSURES, bounds())
def test_the_same_pressure_moves_a_surcharge_once(current: int, smooth: float, within: Bounds) -> None:
    settled = next_surcharge(current, smooth, within)
    assert next_surcharge(settled, smooth, within) == settled


@given(SURCHARGES, bounds())
def test_without_pressure_it_is_the_lowest_and_under_full_pressure_the_highest(current: int, within: Bounds) -> None:
    assert next_surcharge(current, CALM, within) == within.lowest
    assert next_surcharge(current, FULL, within) == within.highest


def test_a_surcharge_does_not_flicker_between_two_steps() -> None:
    within = Bounds(0, 200)
    between = CALM + (FULL - CALM) * 125 / 200  # wants 125: half-way from 100 to 150
    assert [next_surcharge(held, between, within) for held in (100, 150)] == [100, 150]
    assert next_surcharge(0, between, within) % STEP == 0


@given(MARKETS)
def test_smoothed_pressure_is_between_the_least_and_the_most(market: list[tuple[float, float]]) -> None:
    known = [value for age, value in market if age <= 150]
    smooth = smoothed(market)
    if known:
        assert min(known) - 1e-6 <= smooth <= max(known) * (1 + 1e-9) + 1e-6
    else:
        assert smooth == 0


@given(MARKETS.flatmap(lambda market: st.tuples(st.just(market), st.permutations(market))))
def test_smoothed_pressure_knows_no_order(both: tuple[list[tuple[float, float]], list[tuple[float, float]]]) -> None:
    assert smoothed(both[0]) == pytest.approx(smoothed(both[1]))


def test_one_wild_bucket_moves_smoothed_pressure_a_little_and_a_minute_of_them_nearly_all_the_way() -> None:
    calm = [(5.0 * n, 1.0) for n in range(1, 30)]
    assert smoothed(calm) == pytest.approx(1.0)
    assert 1.0 < smoothed([(0.0, 5.0), *calm]) < 1.7
    busy = [(5.0 * n, 5.0 if n < 12 else 1.0) for n in range(30)]
    assert 4.4 < smoothed(busy) < 5.0


@given(
    st.floats(min_value=0, max_value=1e9), st.floats(min_value=0, max_value=1e9), st.floats(min_value=0, max_value=9)
)
def test_pressure_rises_with_orders_and_falls_with_couriers(demand: float, supply: float, more: float) -> None:
    assert pressure(demand + more, supply) >= pressure(demand, supply) >= pressure(demand, supply + more) >= 0
