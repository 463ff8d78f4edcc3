"""The dashboard for everybody who watches it: rendered once a process, sent to each as what changed.

Two hundred viewers of two hundred events a second would be forty thousand messages a second. So nobody is told of an
event: the radio's reader rings a bell, one thread waits until the dashboard group has applied what was heard, renders
the pieces from its read model, and every viewer gets those that differ from the last time. A paint is the whole truth:
one who was away, or too slow for some, is given all pieces, and nothing has to be remembered for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, connection

from analytics.dashboard.scope import GROUP, Scope
from config.operator.board import PIECES, render
from messaging.consuming.group import get_group
from messaging.consuming.positions import live_generation
from messaging.models import StoredOffset
from messaging.names import full_topic
from orders.city import city_now

from .radio import radio
from .reader import ends

logger = logging.getLogger(__name__)

#: Wall seconds between the beginnings of two paints, at least. Of the pieces that are slow to count each paint renders
#: one, so that none keeps the others waiting; a piece rests so long.
PACE, REST = 0.25, 1.5
#: Wall seconds after which a paint is made though nothing was heard: the city's clock moves on.
IDLE = 5.0
#: Wall seconds that a paint waits for the read model to hold what was heard.
PATIENCE = 0.3

Render = Callable[[Scope, Collection[str]], dict[str, str]]

FAST = frozenset(name for name, piece in PIECES.items() if not piece.slow)
SLOW = tuple(name for name, piece in PIECES.items() if piece.slow)


def paint_live(scope: Scope, names: Collection[str]) -> dict[str, str]:
    return render(city_now(), scope, names)


@dataclass(slots=True)
class Canvas:
    """What the viewers of one scope see: all pieces, the message that tells them, and the one that tells the change."""

    pieces: dict[str, str] = field(default_factory=dict)
    version: int = 0
    full: bytes = b""
    change: bytes = b""
    #: When each slow piece was rendered last (monotonic seconds), and when something was heard last.
    slow_at: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SLOW, 0.0))
    heard_at: float = 0.0

    def due(self) -> float:
        """When there is a reason to paint though nothing more is heard: a slow piece is owed, or time has passed."""
        oldest = min(self.slow_at.values())
        return oldest + REST if oldest < self.heard_at else oldest + IDLE

    def choose(self, now: float) -> Collection[str]:
        """What to render now: at first all, then the slow piece that has rested longest beside the fast ones."""
        if not self.version:
            self.slow_at = dict.fromkeys(SLOW, now)
            return PIECES
        name = min(SLOW, key=self.slow_at.__getitem__)
        if now - self.slow_at[name] < REST:
            return FAST
        self.slow_at[name] = now
        return FAST | {name}

    def put(self, pieces: dict[str, str]) -> bool:
        """Whether anything differs."""
        changed = {name: html for name, html in pieces.items() if self.pieces.get(name) != html}
        if not changed:
            return False
        self.pieces |= changed
        self.version += 1
        self.full, self.change = message(self.pieces, self.version), message(changed, self.version)
        return True


def message(pieces: dict[str, str], version: int) -> bytes:
    return f"event: pieces\nid: {version}\ndata: {json.dumps(pieces, separators=(',', ':'))}\n\n".encode()


class Chair:
    """One viewer's place, on the event loop that serves its stream."""

    def __init__(self, canvas: Canvas, loop: asyncio.AbstractEventLoop) -> None:
        self.canvas = canvas
        self.loop = loop
        self.version = 0
        self.news = asyncio.Event()
        if canvas.version:
            self.news.set()

    async def next(self) -> bytes:
        """What to send next; a viewer that has missed a version gets all pieces."""
        await self.news.wait()
        self.news.clear()
        canvas = self.canvas
        version, text = canvas.version, canvas.change if self.version == canvas.version - 1 > 0 else canvas.full
        self.version = version
        return text


class Board:
    def __init__(self, paint: Render = paint_live) -> None:
        self._paint = paint
        self._lock = threading.Lock()
        self._chairs: dict[Scope, set[Chair]] = {}
        self._canvases: dict[Scope, Canvas] = {}
        self._bell = threading.Event()
        self._behind = False
        self._thread: threading.Thread | None = None
        self.closed = threading.Event()

    def ring(self) -> None:
        """Something was heard; cheap enough to be called for every event."""
        if not self._bell.is_set():
            self._bell.set()

    @contextlib.contextmanager
    def watch(self, scope: Scope) -> Iterator[Chair]:
        """A chair for as long as the block lasts; must be entered on a running event loop."""
        with self._lock:
            canvas = self._canvases.setdefault(scope, Canvas())
            chair = Chair(canvas, asyncio.get_running_loop())
            self._chairs.setdefault(scope, set()).add(chair)
            if self._thread is None:
                radio.listen(self.ring)
                self._thread = threading.Thread(target=self._paint_forever, name="board", daemon=True)
                self._thread.start()
        self.ring()
        try:
            yield chair
        finally:
            with self._lock:
                self._chairs[scope].discard(chair)
                if not self._chairs[scope]:
                    # Nobody keeps it fresh from here on: the next viewer must not be shown what was.
                    del self._chairs[scope], self._canvases[scope]

    def _paint_forever(self) -> None:
        warned = False
        while not self.closed.is_set():
            heard = self._bell.wait(self._wait())
            self._bell.clear()
            began = time.monotonic()
            try:
                if self._canvases:
                    self._paint_all(heard=heard)
                warned = False
            except Exception as error:
                # A database that is away, or a fault in one piece, must not end the pages of the whole process.
                if not warned:
                    logger.warning("the dashboard waits: %s", error, exc_info=not isinstance(error, DatabaseError))
                warned = True
                self.closed.wait(1)
            finally:
                with contextlib.suppress(DatabaseError, InterfaceError):
                    connection.close()
            self.closed.wait(max(0.0, began + PACE - time.monotonic()))

    def _wait(self) -> float | None:
        """How long to sleep without a bell: for ever while nobody watches."""
        with self._lock:
            if not self._canvases:
                return None
            now = time.monotonic()
            due = min(canvas.due() for canvas in self._canvases.values())
        return min(1.0 if self._behind else IDLE, max(0.0, due - now))

    def _paint_all(self, *, heard: bool) -> None:
        # Where the group is slower, show what is there and look again in a second.
        self._behind = not caught_up(dict(ends), within=PATIENCE)
        with self._lock:
            canvases = list(self._canvases.items())
        for scope, canvas in canvases:
            now = time.monotonic()
            if heard:
                canvas.heard_at = now
            if canvas.put(self._paint(scope, canvas.choose(now))):
                self._tell(scope)

    def _tell(self, scope: Scope) -> None:
        with self._lock:
            chairs = list(self._chairs.get(scope, ()))
        loops: dict[asyncio.AbstractEventLoop, list[Chair]] = {}
        for chair in chairs:
            loops.setdefault(chair.loop, []).append(chair)
        for loop, seated in loops.items():
            # A loop that closed meanwhile has no page left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_wake, seated)


def _wake(chairs: Iterable[Chair]) -> None:
    for chair in chairs:
        chair.news.set()


def caught_up(heard: dict[tuple[str, int], int], *, within: float) -> bool:
    """Wait until the live read model holds what was heard, so far as its group reads those topics."""
    deadline = time.monotonic() + within
    read = [full_topic(topic) for topic in get_group(GROUP).topics]
    wanted = {place: end for place, end in heard.items() if place[0] in read and end > 0}
    while True:
        rows = StoredOffset.objects.filter(group=GROUP, generation=live_generation(GROUP))
        stored = {
            (full_topic(topic), partition): position
            for topic, partition, position in rows.values_list("topic", "partition", "position")
        }
        if all(stored.get(place, 0) >= end for place, end in wanted.items()):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


board = Board()
