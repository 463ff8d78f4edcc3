"""The model of `tastes` for some hundred baskets that are all at hand: the same scores, without arrays.

A page teaches the model anew with each request. For so few baskets numpy's calls cost more than what they compute, so
here the same sums are plain dictionaries; `tests/analytics/test_tastes.py` holds the two together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

from .tastes import FADING, Blend, Suggestion

#: Item → how much it weighs, in a person's own scale: later baskets weigh 1 / FADING more than the one before.
Weights = dict[int, float]
Items = Sequence[int]
REASONS = ("again", "neighbours", "popular")


def suggest_among(
    own: Sequence[Items], others: Iterable[tuple[int, Items]], *, blend: Blend, limit: int
) -> list[Suggestion]:
    """What the person with the baskets `own` orders next, best first; `others` are (person, items). Oldest first, and
    the items of a basket each once.
    """
    people: dict[int, Weights] = {}
    lasts: dict[int, Items] = {}
    steps: dict[int, float] = {}
    for person, items in others:
        step = steps.get(person, 1.0)
        _add(people.setdefault(person, {}), items, step)
        steps[person], lasts[person] = step / FADING, items
    mine: Weights = {}
    for turn, items in enumerate(own):
        _add(mine, items, FADING ** (len(own) - 1 - turn))
    every = [*people.values(), mine] if own else list(people.values())
    count = max(len(every), 1)
    near = _of_neighbours(mine, people, lasts, _rarities(every), asked=min(blend.asked, count - 1))
    recent: Counter[int] = Counter()
    for items in (*lasts.values(), *own[-1:]):
        recent.update(items)
    popular = blend.popular / count
    parts = {
        item: (mine.get(item, 0.0), blend.neighbours * near.get(item, 0.0), popular * recent[item])
        for weights in every
        for item in weights
    }
    places = {item: place for place, item in enumerate(parts)}
    best = nsmallest(limit, parts, key=lambda item: (-sum(parts[item]), places[item]))
    return [
        Suggestion(item, total, REASONS[parts[item].index(max(parts[item]))])
        for item in best
        if (total := sum(parts[item])) > 0
    ]


def _add(weights: Weights, items: Items, step: float) -> None:
    for item in items:
        weights[item] = weights.get(item, 0.0) + step


def _rarities(every: Sequence[Weights]) -> dict[int, float]:
    """Squared: they count on both sides of a likeness."""
    buyers: Counter[int] = Counter()
    for weights in every:
        buyers.update(weights.keys())
    return {item: math.log(max(len(every), 2) / number) ** 2 for item, number in buyers.items()}


def _of_neighbours(
    mine: Weights, people: Mapping[int, Weights], lasts: Mapping[int, Items], rarity: Mapping[int, float], *, asked: int
) -> dict[int, float]:
    """Each item's share of the last baskets of those who order most alike."""
    alike: list[tuple[float, int]] = []
    for person, weights in people.items():
        common = sum(mine[item] * weights[item] * rarity[item] for item in mine.keys() & weights.keys())
        if common > 0:
            alike.append((common / math.sqrt(sum(w * w * rarity[item] for item, w in weights.items())), person))
    alike = sorted(alike, key=lambda one: -one[0])[: max(asked, 0)]
    total = sum(likeness for likeness, _ in alike)
    near: dict[int, float] = {}
    for likeness, person in alike:
        _add(near, lasts[person], likeness / total)
    return near
