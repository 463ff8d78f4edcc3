"""The usual rivals of next-basket prediction, each as published, learned from histories alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from .data import Baskets, Floats, Ints, Scorer, indicator


def _frequencies(baskets: Baskets) -> sparse.csr_matrix:
    """People × items: in how many of a person's baskets an item was."""
    return weighted(baskets, lambda count: np.ones(count))


def weighted(baskets: Baskets, weigh: Callable[[int], Floats]) -> sparse.csr_matrix:
    """People × items: the sum of `weigh(number of baskets)` over a person's baskets, oldest first."""
    every = indicator([basket for history in baskets.histories for basket in history], baskets.items)
    counts = [len(history) for history in baskets.histories]
    owners = np.repeat(np.arange(baskets.people), counts)
    weights = np.concatenate([weigh(count) for count in counts])
    gather = sparse.csr_matrix((weights, (owners, np.arange(len(owners)))), shape=(baskets.people, len(owners)))
    return sparse.csr_matrix(gather @ every)


def popularity(baskets: Baskets) -> Scorer:
    """The same list for everyone: the most bought."""
    counts = np.asarray(_frequencies(baskets).sum(axis=0)).ravel()
    return lambda people: np.broadcast_to(counts, (len(people), len(counts)))


def personal(baskets: Baskets) -> Scorer:
    """What the person bought most often."""
    own = _frequencies(baskets)
    return lambda people: own[people].toarray()


def personal_then_popular(baskets: Baskets) -> Scorer:
    """What the person bought most often, then what everyone did."""
    own = _frequencies(baskets)
    counts = np.asarray(own.sum(axis=0)).ravel()
    return lambda people: own[people].toarray() + counts / (counts.max() + 1)


def item_knn(baskets: Baskets) -> Scorer:
    """Items like those a person bought, by the cosine of who buys them; an item is most like itself."""
    own = _frequencies(baskets)
    bought = own.sign()
    lengths = np.sqrt(np.maximum(np.asarray(bought.sum(axis=0)).ravel(), 1))
    scaled = (bought @ sparse.diags(1 / lengths)).tocsr()
    alike = (scaled.T @ scaled).tocsr()
    return lambda people: (own[people] @ alike).toarray()


def ease(baskets: Baskets, *, regularisation: float = 500.0) -> Scorer:
    """EASE (Steck, 2019): a linear item-item model in closed form, with a zero diagonal."""
    own = _frequencies(baskets).sign().astype(np.float32)
    inverse = np.linalg.inv((own.T @ own).toarray() + regularisation * np.eye(baskets.items, dtype=np.float32))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda people: np.asarray(own[people] @ weights, np.float64)


def tifu_knn(
    baskets: Baskets,
    *,
    neighbours: int = 300,
    groups: int = 7,
    within: float = 0.9,
    across: float = 0.7,
    own_share: float = 0.7,
) -> Scorer:
    """TIFU-KNN (Hu et al., 2020), with its authors' parameters for Ta-Feng: decayed vectors and neighbours."""

    def weigh(count: int) -> Floats:
        # Baskets fall into groups of equal size, the oldest group taking the remainder of the division short.
        size = -(-count // groups) if count > groups else 1
        of = (np.arange(count) - count) // size
        place = np.array([np.count_nonzero(of[at + 1 :] == of[at]) for at in range(count)])
        held = np.array([np.count_nonzero(of == of[at]) for at in range(count)])
        return np.asarray(within**place / held * across ** (-1.0 - of) / len(np.unique(of)), np.float64)

    vectors = weighted(baskets, weigh)
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    turned = vectors.T.tocsr()

    def score(people: Ints) -> Floats:
        closeness = -(squares[people][:, None] + squares[None, :] - 2 * (vectors[people] @ turned).toarray())
        closeness[np.arange(len(people)), people] = -np.inf
        nearest = np.argpartition(-closeness, neighbours, axis=1)[:, :neighbours]
        mean = sparse.csr_matrix(
            (
                np.full(nearest.size, 1 / neighbours),
                (np.repeat(np.arange(len(people)), neighbours), nearest.ravel()),
            ),
            shape=(len(people), baskets.people),
        )
        return np.asarray(own_share * vectors[people].toarray() + (1 - own_share) * (mean @ vectors).toarray())

    return score


RIVALS: dict[str, Callable[[Baskets], Scorer]] = {
    "popularity": popularity,
    "personal frequency": personal,
    "personal then popular": personal_then_popular,
    "item-kNN": item_knn,
    "EASE": ease,
    "TIFU-KNN": tifu_knn,
}
