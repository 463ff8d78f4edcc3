"""Reading a set of baskets in the format of "A Next Basket Recommendation Reality Check" (Li et al., 2023)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FOLDS = 5


class Absent(Exception):
    """The path holds no set of baskets; the message says what was looked for."""


@dataclass(frozen=True)
class Baskets:
    """What each person bought, oldest basket first, and the one basket that followed."""

    histories: list[list[Ints]]
    futures: list[Ints]
    items: int

    @property
    def people(self) -> int:
        return len(self.histories)


@dataclass(frozen=True)
class Fold:
    """People by what may be known of them: 72 % train, 8 % validation, 20 % test."""

    train: Ints
    validation: Ints
    test: Ints


def read(folder: Path) -> Baskets:
    """Read `*_history.json` and `*_future.json`: {person: [[-1], basket, …, [-1]]}."""
    found = [sorted(folder.glob(f"*_{part}.json")) for part in ("history", "future")]
    if not all(found):
        raise Absent(f"{folder} has no *_history.json and *_future.json: give the folder of a next-basket set")
    history, future = (json.loads(paths[0].read_text()) for paths in found)
    people = sorted(future, key=int)
    histories = [[np.unique(basket) for basket in history[person][1:-1]] for person in people]
    futures = [np.unique(future[person][1]) for person in people]
    return Baskets(histories, futures, 1 + max(int(basket.max()) for basket in (*_all(histories), *futures)))


def _all(histories: list[list[Ints]]) -> Iterator[Ints]:
    for baskets in histories:
        yield from baskets


def folds(people: int, *, seed: int = 0) -> list[Fold]:
    """Split the people at random, each tested in exactly one of the folds."""
    parts = np.array_split(np.random.default_rng(seed).permutation(people), FOLDS)
    made = []
    for number, test in enumerate(parts):
        rest = np.concatenate([part for other, part in enumerate(parts) if other != number])
        validation = len(rest) // 10
        made.append(Fold(train=rest[validation:], validation=rest[:validation], test=test))
    return made


def indicator(baskets: Sequence[Ints], items: int) -> sparse.csr_matrix:
    """Rows of baskets, columns of items, 1 where a basket holds an item."""
    rows = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    columns = np.concatenate(baskets)
    return sparse.csr_matrix((np.ones(len(columns)), (rows, columns)), shape=(len(baskets), items))


Scorer = Callable[[Ints], Floats]
"""Scores of all items (columns) for some people (rows)."""

MEASURES = ("Recall@10", "Recall@20", "NDCG@10", "NDCG@20", "PHR@10")


def evaluate(scorer: Scorer, people: Ints, futures: Sequence[Ints], *, batch: int = 500) -> dict[str, float]:
    """Means over people of the measures; NDCG with the ideal list cut at K, PHR the share with at least one hit."""
    sums = dict.fromkeys(MEASURES, 0.0)
    discounts = 1 / np.log2(np.arange(2, 22))
    for start in range(0, len(people), batch):
        some = people[start : start + batch]
        scores = scorer(some)
        best = np.argpartition(-scores, 20, axis=1)[:, :20]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        for person, ranked in zip(some.tolist(), np.take_along_axis(best, order, axis=1), strict=True):
            wanted = futures[person]
            hits = np.isin(ranked, wanted)
            for k in (10, 20):
                sums[f"Recall@{k}"] += hits[:k].sum() / len(wanted)
                sums[f"NDCG@{k}"] += (hits[:k] @ discounts[:k]) / discounts[: min(k, len(wanted))].sum()
            sums["PHR@10"] += float(hits[:10].any())
    return {name: value / len(people) for name, value in sums.items()}
