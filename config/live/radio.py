"""One Kafka reader a process, and everyone in that process who listens to it.

The reader joins no group: it takes every partition from its end, remembers nothing and commits nothing. A page
that was away asks the database for what it missed, so losing an event here loses no truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator

from messaging.envelope import Envelope

from .reader import read_forever
from .viewers import Viewer

logger = logging.getLogger(__name__)

#: Events a viewer may fall behind by; past it the page is told to ask for the present state instead.
BACKLOG = 64


class Seat:
    """One viewer's place: a bounded queue on the event loop that serves its stream."""

    def __init__(self, viewer: Viewer, loop: asyncio.AbstractEventLoop) -> None:
        self.viewer = viewer
        self.loop = loop
        self._queue: asyncio.Queue[Envelope | str] = asyncio.Queue(BACKLOG)

    async def next(self) -> Envelope | str:
        """The next event, or the name of a word to the page: `hello` or `refresh`."""
        return await self._queue.get()

    def put(self, item: Envelope | str) -> None:
        """Called on the seat's own loop. A full queue is emptied: the page will read the present state at once."""
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait("refresh")


class Radio:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: set[Seat] = set()
        self._thread: threading.Thread | None = None
        self.closed = threading.Event()

    @contextlib.contextmanager
    def tune_in(self, viewer: Viewer) -> Iterator[Seat]:
        """A seat for as long as the block lasts; must be entered on a running event loop."""
        seat = Seat(viewer, asyncio.get_running_loop())
        with self._lock:
            self._seats.add(seat)
            if self._thread is None:
                # A daemon thread: the process may end while it waits for the broker.
                self._thread = threading.Thread(target=read_forever, args=(self,), name="live", daemon=True)
                self._thread.start()
        try:
            yield seat
        finally:
            with self._lock:
                self._seats.discard(seat)

    def close(self) -> None:
        """Let the reader end at its next breath."""
        self.closed.set()
        if self._thread is not None:
            self._thread.join(10)

    def broadcast(self, event: Envelope) -> None:
        """Called by the reader's thread for each event."""
        with self._lock:
            concerned = [seat for seat in self._seats if seat.viewer.may_see(event)]
        self._deliver(concerned, event)

    def announce(self, word: str) -> None:
        """Tell every page: the reader has (re)started, so events may have passed unheard."""
        with self._lock:
            everyone = list(self._seats)
        self._deliver(everyone, word)

    def _deliver(self, seats: list[Seat], item: Envelope | str) -> None:
        for seat in seats:
            # A loop that closed meanwhile has no page left to tell.
            with contextlib.suppress(RuntimeError):
                seat.loop.call_soon_threadsafe(seat.put, item)


radio = Radio()
