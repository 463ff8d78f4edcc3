"""Sequences of a generation that is being built, held in memory and written now and then.

Nobody reads them before the swap, and a rebuild that dies is thrown away whole, so there is nothing to keep safe on the
way. Written with each batch they were the dearest part of a rebuild: a third of PostgreSQL's time, for every group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from .positions import known_sequences, store_sequences

#: Keys in memory, at most, before all are written: some 20 MB.
MOST = 150_000


class Proposed(NamedTuple):
    """What a batch that reaches `next` would make of its keys."""

    next: int
    last: Mapping[str, int]


class HeldSequences:
    """The last applied sequence of each key, for one group's rebuild; from one thread."""

    def __init__(self, group: str, generation: int, *, most: int = MOST) -> None:
        self.group, self.generation, self.most = group, generation, most
        self._last: dict[str, dict[str, int]] = {}
        self._proposed: dict[tuple[str, int], Proposed] = {}
        self._written = False

    def known(self, topic: str, keys: Sequence[str]) -> dict[str, int]:
        """The last applied sequence of each key that has one."""
        held = self._last.get(topic, {})
        found = {key: held[key] for key in keys if key in held}
        if self._written and len(found) < len(keys):
            missing = [key for key in keys if key not in found]
            found |= known_sequences(self.group, self.generation, topic, missing)
        return found

    def propose(self, topic: str, partition: int, *, next: int, last: Mapping[str, int]) -> None:
        """Take note of what holds once the batch's transaction has committed, which may fail, or look as if it had."""
        self._proposed[topic, partition] = Proposed(next, last)

    def settle(self, topic: str, partition: int, position: int) -> None:
        """Hold what was proposed if the stored offset says that its batch was committed, else forget it."""
        proposed = self._proposed.pop((topic, partition), None)
        if proposed is not None and proposed.next == position:
            self._last.setdefault(topic, {}).update(proposed.last)

    def full(self) -> bool:
        return sum(map(len, self._last.values())) > self.most

    def write(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Write what is held; `positions` are the stored offsets. Call it outside of any transaction."""
        for (topic, partition), position in positions.items():
            self.settle(topic, partition, position)
        with transaction.atomic(durable=True):
            for topic, last in self._last.items():
                store_sequences(self.group, self.generation, topic, dict(sorted(last.items())))
        self._last.clear()
        self._written = True
