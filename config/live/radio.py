"""One Kafka reader a process, and everyone in that process who listens to it.

The reader joins no group: it takes every partition from its end, remembers nothing and commits nothing. A page
that was away asks the database for what it missed, so losing an event here loses no truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from accounts.models import Role
from delivery.events import CourierMoved
from messaging.envelope import Envelope

from .escorts import Escorts, ask
from .reader import read_forever
from .sightings import sightings
from .viewers import Viewer

logger = logging.getLogger(__name__)

#: Events a viewer may fall behind by; past it the page is told to ask for the present state instead.
BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Sighting:
    """A courier seen on the way with an order of the viewer's."""

    order: str
    moved: Envelope


Item = Envelope | Sighting | str


class Seat:
    """One viewer's place: a bounded queue on the event loop that serves its stream.

    `escorts` and `watching` are the radio's, under its lock.
    """

    def __init__(self, viewer: Viewer, loop: asyncio.AbstractEventLoop) -> None:
        self.viewer = viewer
        self.loop = loop
        self.escorts = Escorts()
        self.watching: set[str] = set()
        self._queue: asyncio.Queue[Item] = asyncio.Queue(BACKLOG)

    async def next(self) -> Item:
        """The next event, or the name of a word to the page: `hello`, `refresh`, `silence` or `sound`."""
        return await self._queue.get()

    def put(self, item: Item) -> None:
        """Called on the seat's own loop. A full queue is emptied: the page will read the present state at once."""
        if isinstance(item, Sighting) and self._queue.qsize() > BACKLOG // 2:
            return  # The next one is a second away; facts go first.
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
        #: Who may see a courier's position, by the courier's id.
        self._watched: dict[str, set[Seat]] = {}
        self._thread: threading.Thread | None = None
        self._bells: list[Callable[[], None]] = []
        #: Whether the broker answers nothing, or was not reached yet: pages then follow by looking now and then.
        self.silent = True
        self.closed = threading.Event()

    @contextlib.contextmanager
    def tune_in(self, viewer: Viewer) -> Iterator[Seat]:
        """A seat for as long as the block lasts; must be entered on a running event loop."""
        seat = Seat(viewer, asyncio.get_running_loop())
        with self._lock:
            self._seats.add(seat)
            self._start()
        try:
            yield seat
        finally:
            with self._lock:
                self._seats.discard(seat)
                self._watch(seat, by=())

    def listen(self, ring: Callable[[], None]) -> None:
        """Have this called, by the reader's thread, whenever a fact of an order or a courier was heard, or missed."""
        with self._lock:
            self._bells.append(ring)
            self._start()

    def _start(self) -> None:
        """Under the lock."""
        if self._thread is None:
            # A daemon thread: the process may end while it waits for the broker.
            self._thread = threading.Thread(target=read_forever, args=(self,), name="live", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Let the reader end at its next breath."""
        self.closed.set()
        if self._thread is not None:
            self._thread.join(10)

    async def learn(self, seat: Seat) -> None:
        """Ask the database whose position the viewer may see; call it once the seat is taken, and after each word."""
        epoch = seat.escorts.epoch
        found = await ask(seat.viewer)
        with self._lock:
            seat.escorts.learn(found, epoch=epoch)
            if seat in self._seats:
                self._watch(seat, by=seat.escorts.couriers())

    def is_watched(self, courier: str) -> bool:
        return sightings.watched or courier in self._watched

    def broadcast(self, event: Envelope) -> None:
        """Called by the reader's thread for each event."""
        if isinstance(event.data, CourierMoved):
            if sightings.watched:
                sightings.note(event.data)
            self._show(event, event.data.courier_id)
            return
        for ring in self._bells:
            ring()
        with self._lock:
            concerned = [seat for seat in self._seats if seat.viewer.may_see(event)]
            for seat in concerned:
                if seat.viewer.role == Role.CUSTOMER:
                    seat.escorts.hear(event)
                    self._watch(seat, by=seat.escorts.couriers())
        self._deliver(concerned, event)

    def announce(self, word: str) -> None:
        """Tell every page: the reader has (re)started, so events may have passed unheard."""
        for ring in self._bells:
            ring()
        with self._lock:
            everyone = list(self._seats)
            for seat in everyone:
                seat.escorts.forget()
                self._watch(seat, by=())
        self._deliver(everyone, word)

    def hear_silence(self, *, silent: bool) -> None:
        """Tell every page once that nothing is heard, and once that it is over: what waited then comes by itself."""
        if silent != self.silent:
            self.silent = silent
            with self._lock:
                everyone = list(self._seats)
            self._deliver(everyone, "silence" if silent else "sound")

    def _show(self, event: Envelope, courier: int) -> None:
        with self._lock:
            watching = [(seat, seat.escorts.orders_with(courier)) for seat in self._watched.get(event.key, ())]
        for seat, orders in watching:
            for order in orders:
                self._deliver([seat], Sighting(order, event))

    def _watch(self, seat: Seat, *, by: Iterable[int]) -> None:
        """Note for whom the seat waits, under the lock."""
        wanted = {str(courier) for courier in by}
        for courier in seat.watching - wanted:
            self._watched[courier].discard(seat)
            if not self._watched[courier]:
                del self._watched[courier]
        for courier in wanted - seat.watching:
            self._watched.setdefault(courier, set()).add(seat)
        seat.watching = wanted

    def _deliver(self, seats: list[Seat], item: Item) -> None:
        for seat in seats:
            # A loop that closed meanwhile has no page left to tell.
            with contextlib.suppress(RuntimeError):
                seat.loop.call_soon_threadsafe(seat.put, item)


radio = Radio()
