"""A gradient-boosted ranker over the features, taught by the later baskets of the training people.

LightGBM (Ke et al., 2017) with the lambdarank objective. Needs `lightgbm`, of the extra `bench`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .data import Baskets, Floats, Fold, Ints, Scorer, indicator
from .features import Features, Later

CANDIDATES = 300
#: The training people are ranked in as many parts, each by what the later baskets of the other parts say.
PARTS = 3
#: Of the candidates that were not bought, the share that is learned from.
KEPT = 0.5
SETTINGS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 2,
    "seed": 0,
    "verbose": -1,
}
ROUNDS = 300


def train(data: Baskets, features: Features, fold: Fold, *, seed: int = 0) -> Scorer:
    """Fit on the fold's training people; the scorer knows their later baskets, and nobody else's."""
    import lightgbm  # Of the extra `bench`; everything else here runs without it.

    random = np.random.default_rng(seed)
    futures = indicator(data.futures, data.items)
    rows: list[npt.NDArray[np.float32]] = []
    bought: list[npt.NDArray[np.bool_]] = []
    for part in np.array_split(random.permutation(fold.train), PARTS):
        later = features.later(np.setdiff1d(fold.train, part), futures)
        for some in np.array_split(part, max(1, len(part) // 400)):
            chosen, columns = features.columns(some, later, candidates=CANDIDATES)
            for person, items, known in zip(some.tolist(), chosen, columns, strict=True):
                hits = np.isin(items, data.futures[person])
                if hits.any():
                    keep = hits | (random.random(len(hits)) < KEPT)
                    rows.append(known[keep])
                    bought.append(hits[keep])
    table = lightgbm.Dataset(
        np.concatenate(rows), np.concatenate(bought).astype(int), group=[len(each) for each in rows]
    )
    model = lightgbm.train(SETTINGS, table, ROUNDS)
    return _scorer(model, features, features.later(fold.train, futures), data.items)


def _scorer(model: Any, features: Features, later: Later, items: int) -> Scorer:
    def score(people: Ints) -> Floats:
        chosen, columns = features.columns(people, later, candidates=CANDIDATES)
        predicted = model.predict(columns.reshape(-1, columns.shape[-1])).reshape(chosen.shape)
        scores = np.full((len(people), items), -np.inf)
        np.put_along_axis(scores, chosen, predicted, axis=1)
        return scores

    return score
