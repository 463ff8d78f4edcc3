"""Finding names in spite of typing mistakes.

Each asked word has to be near some word of a name: begin it, or differ from it, or from as long a beginning of it, by a
few slips (letters left out, added, changed or swapped, the optimal string alignment distance). Ratios over whole names
would call "soup" near "sushi"; slips that grow with the length do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

#: Words that say nothing about what is looked for.
FILLERS = frozenset({"a", "an", "and", "the", "of", "with", "in"})

#: What one slip costs; a name that is hit with fewer comes first.
SLIP = 10


def fold(text: str) -> list[str]:
    """The text's words in small letters without accents: tiramisù is found as tiramisu."""
    plain = unicodedata.normalize("NFKD", text.replace("'", "")).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def slips_allowed(word: str) -> int:
    """By its length: three letters are typed right, or mean something else."""
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2


def cost_of_word(asked: str, words: Iterable[str]) -> int | None:
    """How far the asked word is from the nearest of the words; None where it is near none."""
    best: int | None = None
    allowed = slips_allowed(asked)
    for word in words:
        if word == asked:
            return 0
        cost = 1 if word.startswith(asked) else None
        if cost is None and allowed:
            slips = OSA.distance(asked, word, score_cutoff=allowed)
            if slips > allowed and len(word) > len(asked):
                # What is still being typed, with a slip in it.
                slips = min(OSA.distance(asked, word[: len(asked) + by], score_cutoff=allowed) for by in (-1, 0, 1))
            # The first letter is mostly right, and two names that differ in it are mostly two things.
            cost = slips * SLIP + (0 if word[0] == asked[0] else SLIP // 2) if slips <= allowed else None
        if cost is not None and (best is None or cost < best):
            best = cost
    return best


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed, folded once for all names."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Query:
        words = fold(text)
        return cls(tuple([word for word in words if word not in FILLERS] or words))

    def cost(self, name: str) -> int | None:
        """Zero for a name that holds every word as it is; None where one of them is near nothing in it."""
        words = fold(name)
        total = 0
        for asked in self.words:
            cost = cost_of_word(asked, words)
            if cost is None:
                return None
            total += cost
        return total
