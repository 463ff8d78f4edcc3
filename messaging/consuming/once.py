"""A batch sifted once for all the groups that are fed with it, where it comes to the same for each.

What a sieve gives follows from the records and from what a group knows of their keys. Groups that are rebuilt from one
reading know the same of nearly every batch: nothing of it waits, nothing is refused, and each key is as far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from .records import Record
from .sieve import Sieve, Sifted, keys_of


class SiftedOnce:
    """What the records of a batch come to; for several threads."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._lock = Lock()
        self._keys: list[str] | None = None
        self._known: Mapping[str, int] = {}
        self._sifted: Sifted | None = None

    def keys(self) -> list[str]:
        """The streams that the records belong to."""
        with self._lock:
            if self._keys is None:
                self._keys = sorted(keys_of(self._records))
            return self._keys

    def sifted(self, known: Mapping[str, int], types: frozenset[str] | None) -> Sifted | None:
        """For a group of which nothing waits and to which these last sequences are known; its lists are not to be
        changed. None where the group has to sift for itself: a record is not simply next, or others know otherwise.
        """
        with self._lock:
            if self._sifted is None:
                self._known, self._sifted = known, Sieve(known, {}, {}, frozenset()).sift(self._records)
            sifted = self._sifted
        if len(sifted.fresh) != len(self._records) or known != self._known:
            return None
        if types is None:
            return sifted
        used = [event for event in sifted.fresh if event.type in types]
        return Sifted(fresh=used, unused=len(sifted.fresh) - len(used), last=sifted.last)
