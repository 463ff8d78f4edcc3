"""A public set of card payments, judged one by one and then learnt: prequential results of the model alone.

The file is a CSV with a header, in the order of time, its numbers as they are: a label column (`Class`, `isFraud`,
`is_fraud` or `fraud`, 1 for fraud) and any numeric columns, as the set of the Université Libre de Bruxelles has them
(`Time`, `V1` … `V28`, `Amount`, `Class`). Its columns are anonymous, so no rule can be put to it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

LABELS = ("Class", "isFraud", "is_fraud", "fraud")


class Unreadable(ValueError):
    """The file is not such a set; the message says why."""


def rows(path: Path) -> Iterator[tuple[dict[str, float], bool]]:
    """Numeric features and truth of each payment.

    Raises:
        Unreadable: no such file, no label column, or a label that is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            label = next((name for name in LABELS if name in (reader.fieldnames or ())), None)
            if label is None:
                raise Unreadable(f"{path}: the header has none of the columns {', '.join(LABELS)}")
            for number, row in enumerate(reader, start=2):
                try:
                    fraud = float(row.pop(label)) > 0
                except (TypeError, ValueError):
                    raise Unreadable(f"{path}, line {number}: {label} must be 0 or 1") from None
                yield {name: value for name, text in row.items() if (value := _number(text)) is not None}, fraud
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def prequential(path: Path, *, limit: int | None = None) -> tuple[list[bool], list[float]]:
    """Truth and probability of each payment, every one judged before it is learnt."""
    from river import compose, forest, preprocessing

    model = compose.Pipeline(preprocessing.StandardScaler(), forest.ARFClassifier(n_models=10, seed=1))
    truth: list[bool] = []
    scores: list[float] = []
    for features, fraud in islice(rows(path), limit):
        scores.append(float(model.predict_proba_one(features).get(True, 0.0)))
        truth.append(fraud)
        model.learn_one(features, fraud)
    return truth, scores


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
