"""What a person orders next, learned basket by basket."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.recommendations import tastes as room
from analytics.recommendations.few import suggest_among
from analytics.recommendations.tastes import FADING, Blend, Tastes
from benchmarks.baskets import data, rivals

RICE, SOUP, TEA, CAKE = range(4)


def test_a_stranger_is_told_what_many_had_last() -> None:
    tastes = Tastes(items=4)
    tastes.learn(0, [RICE])
    tastes.learn(1, [RICE, SOUP])
    assert [(each.item, each.reason) for each in tastes.suggest(7)] == [(RICE, "popular"), (SOUP, "popular")]


def test_popular_is_what_is_in_last_baskets_and_not_what_once_was() -> None:
    tastes = Tastes(items=4)
    tastes.learn(0, [RICE])
    tastes.learn(0, [TEA])
    assert tastes.recent.tolist() == [0, 0, 1, 0]


def test_an_order_fades_with_each_later_one() -> None:
    tastes = Tastes(items=4)
    for basket in ([RICE], [RICE, SOUP], [TEA]):
        tastes.learn(0, basket)
    items, weights = tastes.personal(0)
    assert dict(zip(items.tolist(), weights.round(12).tolist(), strict=True)) == {
        RICE: round(FADING**2 + FADING, 12),
        SOUP: FADING,
        TEA: 1.0,
    }


def test_a_thousand_orders_change_scale_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def learned() -> tuple[list[float], list[float]]:
        tastes = Tastes(items=4)
        tastes.learn(1, [RICE, CAKE])
        for turn in range(300):
            tastes.learn(0, [RICE, SOUP] if turn % 3 else [TEA])
        return tastes.personal(0)[1].tolist(), tastes.neighbours(0)[1].tolist()

    plain = learned()
    monkeypatch.setattr(room, "SCALE_LIMIT", 10.0)
    assert np.allclose(learned()[0], plain[0])
    assert np.allclose(learned()[1], plain[1])


def test_neighbours_bring_what_they_had_last() -> None:
    tastes = Tastes(items=4, blend=Blend(popular=0.0, neighbours=1.0, asked=1))
    tastes.learn(0, [RICE, SOUP])
    tastes.learn(1, [RICE, SOUP])
    tastes.learn(1, [CAKE])
    tastes.learn(2, [TEA])
    nearest, _ = tastes.neighbours(0)
    assert nearest.tolist() == [1]
    assert [(each.item, each.reason) for each in tastes.suggest(0)][-1] == (CAKE, "neighbours")
    assert TEA not in [each.item for each in tastes.suggest(0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    history = {"1": [[-1], [0, 1], [0], [-1]], "2": [[-1], [2], [2, 0], [-1]], "3": [[-1], [1], [-1]]}
    future = {"1": [[-1], [0], [-1]], "2": [[-1], [3, 2], [-1]], "3": [[-1], [1], [-1]]}
    (tmp_path / "small_history.json").write_text(json.dumps(history))
    (tmp_path / "small_future.json").write_text(json.dumps(future))
    return tmp_path


def test_reading_a_public_set(folder: Path) -> None:
    read = data.read(folder)
    assert (read.people, read.items) == (3, 4)
    assert [basket.tolist() for basket in read.histories[1]] == [[2], [0, 2]]


def test_a_folder_without_a_set_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(data.Absent, match="has no"):
        data.read(tmp_path)


def test_everyone_is_tested_once_and_never_trained_on_then() -> None:
    made = data.folds(100)
    assert sorted(np.concatenate([fold.test for fold in made]).tolist()) == list(range(100))
    assert [(len(fold.train), len(fold.validation), len(fold.test)) for fold in made] == [(72, 8, 20)] * 5
    assert all(not set(fold.test) & (set(fold.train) | set(fold.validation)) for fold in made)


def test_measures_of_a_known_ranking() -> None:
    # Forty items ranked 0, 1, 2, …; the person then bought the second and one that was not among the first twenty.
    found = data.evaluate(lambda people: -np.arange(40.0)[None, :], np.array([0]), [np.array([1, 30])])
    assert found["Recall@10"] == found["Recall@20"] == 0.5
    assert found["NDCG@10"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert found["PHR@10"] == 1


def test_rivals_on_the_small_set(folder: Path) -> None:
    small = data.read(folder)
    everyone = np.arange(3)
    assert rivals.personal(small)(everyone).tolist() == [[2, 1, 0, 0], [1, 0, 2, 0], [0, 1, 0, 0]]
    assert rivals.popularity(small)(everyone)[0].tolist() == [3, 2, 2, 0]
    assert rivals.item_knn(small)(everyone)[2].argmax() == 1


BASKETS = st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True)))


@given(BASKETS, st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True), max_size=6))
def test_of_few_baskets_the_scores_are_the_same(others: list[tuple[int, list[int]]], own: list[list[int]]) -> None:
    blend = Blend(popular=4.0, neighbours=4.0, asked=50)
    tastes = Tastes(items=8, blend=blend)
    numbers: dict[int, int] = {}
    for person, items in others:
        tastes.learn(numbers.setdefault(person, len(numbers)), items)
    me = len(numbers)
    for items in own:
        tastes.learn(me, items)
    tastes.measure()
    expected = {one.item: one.score for one in tastes.suggest(me, limit=8)}

    found = suggest_among(own, others, blend=blend, limit=8)

    assert {one.item: one.score for one in found} == pytest.approx(expected)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    parts = np.stack(tastes.parts(me))
    for one in found:
        # Where two parts bring the same, either is the reason.
        assert parts[("again", "neighbours", "popular").index(one.reason), one.item] == pytest.approx(
            parts[:, one.item].max()
        )
