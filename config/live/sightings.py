"""Where all couriers were seen last, for maps of the whole city: kept only while somebody looks at one.

A customer's tracker follows one courier and gets each report. A map of two thousand would get two thousand a second, so
it asks once a second for those that moved: the latest place of each, as a compacted topic would tell it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from delivery.events import CourierMoved

#: Courier's id, latitude, longitude.
Place = tuple[int, float, float]


class Sightings:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers = 0
        self._count = 0
        self._places: dict[int, tuple[int, Place]] = {}

    @property
    def watched(self) -> bool:
        return self._watchers > 0

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1
                if not self._watchers:
                    # Nobody keeps them fresh from here on.
                    self._places.clear()

    def note(self, moved: CourierMoved) -> None:
        """Called by the reader's thread for each report, while somebody watches."""
        place = (moved.courier_id, round(moved.latitude, 5), round(moved.longitude, 5))
        with self._lock:
            self._count += 1
            self._places[moved.courier_id] = (self._count, place)

    def since(self, count: int) -> tuple[int, list[Place]]:
        """Who moved since the call that returned this number (0: all that are known)."""
        with self._lock:
            return self._count, [place for seen, place in self._places.values() if seen > count]


sightings = Sightings()
