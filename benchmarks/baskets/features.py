"""What a ranker knows of a person and an item, as columns: from histories, and from some people's later baskets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .data import Baskets, Floats, Ints, indicator
from .rivals import weighted

Matrix = sparse.csr_matrix

NEIGHBOURS = 300


def by_rows(matrix: Matrix) -> Matrix:
    """Each row divided by its sum."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(sums, 1e-9)) @ matrix)


def by_columns(matrix: Matrix) -> Floats:
    return np.asarray(matrix.sum(axis=0), np.float64).ravel()


def follows(before: Matrix, after: Matrix, *, doubt: float) -> Matrix:
    """Items × items: how often a basket that held the one was followed by one that held the other."""
    return sparse.csr_matrix(sparse.diags(1 / (by_columns(before) + doubt)) @ (before.T @ after))


@dataclass(frozen=True)
class Later:
    """What the later baskets of some people say; nobody may be ranked by features that saw the basket to predict."""

    known: npt.NDArray[np.bool_]
    baskets: Matrix
    popularity: Floats
    rebuying: Floats
    follows: Matrix


class Features:
    """Columns for (person, item), of candidates chosen by a linear blend of the strongest."""

    def __init__(self, data: Baskets) -> None:
        self.people = data.people
        self.fading = {name: weighted(data, partial(_fade, factor)) for name, factor in FADINGS.items()}
        self.last = indicator([history[-1] for history in data.histories], data.items)
        self.bought = self.fading["0.9"].sign().tocsr()
        self.own = by_rows(self.fading["0.9"])
        count = by_columns(self.fading["1"])
        buyers = by_columns(self.bought)
        self.items = {
            "popular last": by_columns(self.last) / self.people,
            "popular": count / self.people,
            "bought again": (count - buyers) / (buyers + 5),
        }
        rare = self.fading["0.9"] @ sparse.diags(np.log(self.people / np.maximum(buyers, 1)))
        lengths = np.sqrt(np.asarray(rare.multiply(rare).sum(axis=1)).ravel())
        self._vectors = (sparse.diags(1 / np.maximum(lengths, 1e-9)) @ rare).tocsr()
        self._turned = self._vectors.T.tocsr()
        every = indicator([basket for history in data.histories for basket in history], data.items)
        scaled = every @ sparse.diags(1 / np.sqrt(np.maximum(by_columns(every), 1)))
        together = (scaled.T @ scaled).tolil()
        together.setdiag(0)
        self._together = together.tocsr()
        several = [history for history in data.histories if len(history) > 1]
        self._follows = follows(
            indicator([basket for history in several for basket in history[:-1]], data.items),
            indicator([basket for history in several for basket in history[1:]], data.items),
            doubt=5,
        )
        sizes = [[len(basket) for basket in history] for history in data.histories]
        self._persons = np.stack(
            [
                np.array([len(each) for each in sizes]),
                np.array([np.mean(each) for each in sizes]),
                np.array([each[-1] for each in sizes]),
                np.asarray(self.bought.sum(axis=1)).ravel(),
            ],
            axis=-1,
        )

    def later(self, known: Ints, futures: Matrix) -> Later:
        """Read the later baskets of the people named, and of nobody else."""
        mask = np.zeros(self.people, bool)
        mask[known] = True
        only = sparse.diags(mask.astype(float))
        baskets, had = (only @ futures).tocsr(), (only @ self.bought).tocsr()
        again, had_count = by_columns(had.multiply(baskets).tocsr()), by_columns(had)
        usual = again.sum() / had_count.sum()
        return Later(
            known=mask,
            baskets=baskets,
            popularity=by_columns(baskets) / len(known),
            rebuying=(again + 10 * usual) / (had_count + 10),
            follows=follows(had, baskets, doubt=10),
        )

    def columns(self, people: Ints, later: Later, *, candidates: int) -> tuple[Ints, npt.NDArray[np.float32]]:
        """The candidates of each person (people × candidates), and their columns (people × candidates × columns)."""
        own, last = self.own[people], by_rows(self.last[people])
        near, near_known = self._neighbours(people), self._neighbours(people, among=later.known)
        pairs = [weights[people] for weights in self.fading.values()]
        pairs += [self.last[people], near @ self.last, near @ self.own, own @ self._together, last @ self._together]
        pairs += [own @ self._follows, last @ self._follows, near_known @ later.baskets, own @ later.follows]
        dense = [pair.toarray() for pair in pairs]
        blend = dense[0] + 40 * later.popularity + 20 * dense[-2] + 5 * dense[-1]
        chosen = np.argpartition(-blend, candidates, axis=1)[:, :candidates]
        rows = np.arange(len(people))[:, None]
        of_items = [*self.items.values(), later.popularity, later.rebuying]
        trends = [np.log((later.popularity + 1e-5) / (self.items[name] + 1e-4)) for name in ("popular", "popular last")]
        made = [pair[rows, chosen] for pair in (*dense, blend)] + [item[chosen] for item in (*of_items, *trends)]
        persons = np.broadcast_to(self._persons[people][:, None], (*chosen.shape, self._persons.shape[1]))
        return chosen, np.concatenate([np.stack(made, axis=-1), persons], axis=-1).astype(np.float32)

    def _neighbours(self, people: Ints, *, among: npt.NDArray[np.bool_] | None = None) -> Matrix:
        """People × people: weights of the nearest by cosine, which sum to one; never the person itself."""
        alike = (self._vectors[people] @ self._turned).toarray()
        alike[np.arange(len(people)), people] = 0
        if among is not None:
            alike[:, ~among] = 0
        nearest = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        weights = np.take_along_axis(alike, nearest, axis=1).ravel()
        rows = np.repeat(np.arange(len(people)), NEIGHBOURS)
        return by_rows(sparse.csr_matrix((weights, (rows, nearest.ravel())), shape=(len(people), self.people)))


def _fade(factor: float, baskets: int) -> Floats:
    return np.asarray(factor ** np.arange(baskets)[::-1], np.float64)


#: The first of them is also the personal part of the blend.
FADINGS = {"0.9": 0.9, "1": 1.0, "0.5": 0.5}
