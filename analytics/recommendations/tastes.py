"""What a person orders next: an online model that each basket updates, and no nightly job.

Pure Python and numpy, without Django, so that the same code answers on a page and is measured on a public set
(`python -m benchmarks.recommend`). A score adds up three things people can be told: "you order this often", "others who
order as you do just had it", "many had it last time".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: A basket weighs this much less with each later one of the same person.
FADING = 0.9
#: Weights grow by 1 / FADING a basket instead of every older one shrinking; past this they are scaled back.
SCALE_LIMIT = 1e50


class Blend(NamedTuple):
    """What each part of a score weighs beside the personal part, and how many neighbours are asked."""

    popular: float = 30.0
    neighbours: float = 20.0
    asked: int = 500


class Suggestion(NamedTuple):
    item: int
    score: float
    #: "again", "neighbours" or "popular": the part that brought most of the score.
    reason: str


class Postings:
    """Of one item, the people who ordered it and how much it weighs for each; arrays that grow by doubling."""

    __slots__ = ("people", "size", "weights")

    def __init__(self) -> None:
        self.people = np.zeros(4, np.int64)
        self.weights = np.zeros(4)
        self.size = 0

    def append(self, person: int, weight: float) -> int:
        """Add a person; return the place, which never changes."""
        if self.size == len(self.people):
            self.people = np.concatenate([self.people, np.zeros_like(self.people)])
            self.weights = np.concatenate([self.weights, np.zeros_like(self.weights)])
        self.people[self.size], self.weights[self.size] = person, weight
        self.size += 1
        return self.size - 1


@dataclass(slots=True)
class Person:
    #: What the next basket's items will weigh, in this person's own scale.
    step: float = 1.0
    #: Item -> place in its postings.
    places: dict[int, int] = field(default_factory=dict)
    last: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Tastes:
    """Everyone's tastes. People and items are small whole numbers; items are below `items`, people any count."""

    def __init__(self, *, items: int, blend: Blend | None = None) -> None:
        self.items = items
        self.blend = blend or Blend()
        self.people: list[Person] = []
        self.postings = [Postings() for _ in range(items)]
        #: In how many people's last basket an item is.
        self.recent = np.zeros(items)
        #: Squared length of each person's vector.
        self._squares = np.zeros(0)
        self._learned = self._measured = 0

    def learn(self, person: int, basket: Sequence[int]) -> None:
        """A person ordered these items together, after all that was learned of the person before."""
        self._make_room(person)
        one = self.people[person]
        # Not np.unique: baskets are small, and a page learns some hundred of them a request.
        items = sorted({int(item) for item in basket})
        bought = np.array(items, np.int64)
        for item in items:
            postings = self.postings[item]
            if (place := one.places.get(item)) is None:
                place = one.places[item] = postings.append(person, 0.0)
            before = postings.weights[place]
            postings.weights[place] = before + one.step
            self._squares[person] += (2 * before + one.step) * one.step * self._rarity(postings.size) ** 2
        one.step /= FADING
        if one.step > SCALE_LIMIT:
            self._scale_back(person)
        self.recent[one.last] -= 1
        self.recent[bought] += 1
        one.last = bought
        self._learned += 1
        # Rarities move with every basket, lengths only with their owner's: now and then all are taken anew.
        if self._learned > 1.1 * self._measured + 100:
            self.measure()

    def personal(self, person: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Items a person has ordered, and their weights: 1 for the last basket, `FADING` for the one before, …"""
        if person >= len(self.people):
            return np.zeros(0, np.int64), np.zeros(0)
        one = self.people[person]
        items = np.fromiter(one.places, np.int64, len(one.places))
        held = [self.postings[item].weights[place] for item, place in one.places.items()]
        return items, np.asarray(held) / (one.step * FADING)

    def neighbours(self, person: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """The people who order most like this one, and how alike: cosine of weights, a rare item counting for more."""
        items, weights = self.personal(person)
        alike = np.zeros(len(self.people))
        for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
            postings = self.postings[item]
            size = postings.size
            alike[postings.people[:size]] += postings.weights[:size] * (weight * self._rarity(size) ** 2)
        alike /= np.sqrt(np.maximum(self._squares[: len(alike)], 1e-300))
        alike[person : person + 1] = 0
        asked = min(self.blend.asked, len(alike) - 1)
        if asked < 1:
            return np.zeros(0, np.int64), np.zeros(0)
        nearest = np.argpartition(-alike, asked)[:asked]
        nearest = nearest[alike[nearest] > 0]
        return nearest, alike[nearest]

    def parts(self, person: int) -> tuple[Floats, Floats, Floats]:
        """Scores of all items by the three parts, blended: personal, neighbours', popular."""
        personal: Floats = np.zeros(self.items)
        near: Floats = np.zeros(self.items)
        count = max(len(self.people), 1)
        items, weights = self.personal(person)
        personal[items] = weights
        people, alike = self.neighbours(person)
        if total := alike.sum():
            lasts = [self.people[other].last for other in people.tolist()]
            share = np.repeat(alike / total, [len(last) for last in lasts])
            np.add.at(near, np.concatenate(lasts), share)
        return personal, self.blend.neighbours * near, self.blend.popular / count * self.recent

    def scores(self, person: int) -> Floats:
        personal, near, popular = self.parts(person)
        return personal + near + popular

    def suggest(self, person: int, *, limit: int = 10) -> list[Suggestion]:
        """The likeliest items of the next basket, best first; a stranger gets what is popular."""
        parts = np.stack(self.parts(person))
        total = parts.sum(axis=0)
        limit = min(limit, self.items)
        best = np.argpartition(-total, limit - 1)[:limit]
        best = best[np.lexsort((best, -total[best]))]
        reasons = ("again", "neighbours", "popular")
        return [Suggestion(int(i), float(total[i]), reasons[int(parts[:, i].argmax())]) for i in best if total[i] > 0]

    def _rarity(self, buyers: int) -> float:
        return math.log(max(len(self.people), 2) / max(buyers, 1))

    def _make_room(self, person: int) -> None:
        while person >= len(self.people):
            self.people.append(Person())
        if person >= len(self._squares):
            self._squares = np.concatenate([self._squares, np.zeros(max(person + 1, 64))])

    def measure(self) -> None:
        """Take everyone's length by the rarities of now: what `learn` does now and then by itself."""
        self._squares[:] = 0
        for postings in self.postings:
            if postings.size:
                weights = postings.weights[: postings.size] * self._rarity(postings.size)
                self._squares[postings.people[: postings.size]] += weights**2
        self._measured = self._learned

    def _scale_back(self, person: int) -> None:
        one = self.people[person]
        for item, place in one.places.items():
            self.postings[item].weights[place] /= one.step
        self._squares[person] /= one.step**2
        one.step = 1.0
