"""What a generation that is being built needs over and over, held in memory and written now and then.

Nobody reads it before the swap, and a rebuild that dies is thrown away whole, so there is nothing to keep safe on the
way. Written with each batch, sequences were the dearest part of a rebuild: a third of PostgreSQL's time, for every
group. A handler may hold its own rows likewise, where batch after batch changes the same ones: see `held_rows`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from django.db import transaction

from .positions import add_sequences, known_sequences, store_sequences

#: Keys in memory, at most, before all are written: some 25 MB of them, and 25 MB more for each group beside.
MOST = 250_000
#: The same of rows, of which the fattest (fraud's profiles, when full) have 9 kB.
MOST_ROWS = 20_000

K = TypeVar("K")
V = TypeVar("V")


class Kept(Protocol[K, V]):
    """How the rows of a table are read and written by their keys, and copied."""

    def read(self, keys: Sequence[K], *, generation: int) -> dict[K, V]: ...

    def write(self, rows: Mapping[K, V], *, generation: int) -> None: ...

    def copy(self, row: V) -> V: ...


class HeldRows(Generic[K, V]):
    """Rows by key of a generation that is being built, as a handler left them."""

    def __init__(self, kept: Kept[K, V], generation: int) -> None:
        self._kept, self._generation = kept, generation
        self._rows: dict[K, V] = {}
        #: Of the batch under way.
        self._put: dict[K, V] = {}
        self._written = False

    def read(self, keys: Sequence[K]) -> dict[K, V]:
        """The rows that there are; copies, for the handler to change and to put back."""
        found: dict[K, V] = {}
        missing: list[K] = []
        for key in keys:
            row = self._put.get(key)
            if row is None:
                row = self._rows.get(key)
            if row is None:
                missing.append(key)
            else:
                found[key] = self._kept.copy(row)
        if self._written and missing:
            found |= self._kept.read(missing, generation=self._generation)
        return found

    def put(self, rows: Mapping[K, V]) -> None:
        """Hold these from now on, if the batch comes to be."""
        self._put.update(rows)

    def take(self) -> dict[K, V]:
        """What was put since the last time."""
        put, self._put = self._put, {}
        return put

    def keep(self, rows: Mapping[K, V]) -> None:
        self._rows.update(rows)

    def write(self) -> None:
        self._kept.write(self._rows, generation=self._generation)

    def forget(self) -> None:
        self._rows.clear()
        self._written = True

    def __len__(self) -> int:
        return len(self._rows)


class Proposed(NamedTuple):
    """What a batch that reaches `next` would make of its keys, and of rows."""

    next: int
    last: Mapping[str, int]
    rows: Sequence[tuple[HeldRows[Any, Any], Mapping[Any, Any]]] = ()


class Held:
    """The last applied sequence of each key, and rows, for one group's rebuild; from one thread."""

    def __init__(self, group: str, generation: int, *, most: int = MOST, most_rows: int = MOST_ROWS) -> None:
        self.group, self.generation = group, generation
        self.most, self.most_rows = most, most_rows
        self._last: dict[str, dict[str, int]] = {}
        self._rows: dict[Any, HeldRows[Any, Any]] = {}
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

    def rows(self, kept: Kept[K, V]) -> HeldRows[K, V]:
        """A table's rows; `kept` is one object for as long as the program runs."""
        if kept not in self._rows:
            self._rows[kept] = HeldRows(kept, self.generation)
        return self._rows[kept]

    @contextlib.contextmanager
    def handling(self) -> Iterator[None]:
        """A handler is about its work: it may ask for `held_rows`. Where it fails, what it put is dropped."""
        token = _at_work.set(self)
        try:
            yield
        except BaseException:
            for rows in self._rows.values():
                rows.take()
            raise
        finally:
            _at_work.reset(token)

    def propose(self, topic: str, partition: int, *, next: int, last: Mapping[str, int]) -> None:
        """Take note of what holds once the batch's transaction has committed, which may fail, or look as if it had."""
        rows = [(rows, rows.take()) for rows in self._rows.values()]
        self._proposed[topic, partition] = Proposed(next, last, rows)

    def settle(self, topic: str, partition: int, position: int) -> None:
        """Hold what was proposed if the stored offset says that its batch was committed, else forget it."""
        proposed = self._proposed.pop((topic, partition), None)
        if proposed is None or proposed.next != position:
            return
        self._last.setdefault(topic, {}).update(proposed.last)
        for rows, put in proposed.rows:
            rows.keep(put)

    def full(self) -> bool:
        keys, rows = sum(map(len, self._last.values())), sum(map(len, self._rows.values()))
        return keys > self.most or rows > self.most_rows

    def write(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Write what is held; `positions` are the stored offsets. Call it outside of any transaction."""
        for (topic, partition), position in positions.items():
            self.settle(topic, partition, position)
        store = store_sequences if self._written else add_sequences
        with transaction.atomic(durable=True):
            for topic, last in self._last.items():
                store(self.group, self.generation, topic, dict(sorted(last.items())))
            for rows in self._rows.values():
                rows.write()
        self._last.clear()
        for rows in self._rows.values():
            rows.forget()
        self._written = True


_at_work: ContextVar[Held | None] = ContextVar("held", default=None)


def held_rows(kept: Kept[K, V]) -> HeldRows[K, V] | None:
    """For a handler: its rows in memory while a generation is being built; None where it is to write them itself."""
    held = _at_work.get()
    return None if held is None else held.rows(kept)
