"""Figures of a detector: precision, recall, and the area under the curve of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Found:
    """Of some orders, how many were flagged rightly, wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def __add__(self, other: Found) -> Found:
        return Found(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)


def found(truth: Sequence[bool], flagged: Sequence[bool]) -> Found:
    true, said = np.asarray(truth, bool), np.asarray(flagged, bool)
    return Found(int((true & said).sum()), int((~true & said).sum()), int((true & ~said).sum()))


def area(truth: Sequence[bool], scores: Sequence[float]) -> float:
    """AUC-PR as average precision: the mean, over the frauds, of the precision when each is reached. Ties as one."""
    true, recall, precision = _curve(truth, scores)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision)) if true else 0.0


def recall_at(truth: Sequence[bool], scores: Sequence[float], precision: float) -> tuple[float, float]:
    """The best recall at this precision or better, and the score from which on it is reached."""
    true, recall, precisions = _curve(truth, scores)
    good = np.flatnonzero(precisions >= precision)
    if not true or not len(good):
        return 0.0, float("inf")
    best = good[np.argmax(recall[good])]
    return float(recall[best]), float(np.unique(np.asarray(scores, float))[::-1][best])


def _curve(
    truth: Sequence[bool], scores: Sequence[float]
) -> tuple[int, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How many frauds there are; recall and precision where all from a score on are flagged, highest score first."""
    true, score = np.asarray(truth, float), np.asarray(scores, float)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1) if len(order) else np.zeros(0, int)
    hits = np.cumsum(true[order])[last]
    return int(true.sum()), hits / max(true.sum(), 1), hits / (last + 1)
