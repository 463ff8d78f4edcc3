"""Stream traffic: facts that are worth most while they are fresh, straight to Kafka in batches, without the outbox.

Nothing here waits for a broker, and nothing is promised: what cannot be sent soon is dropped, oldest first. Such a
record has no sequence, and its times are wall times: readers take the latest by when the server received it. A fact
that must not be lost goes through `messaging.outbox`.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime

from kafka.errors import KafkaError

from . import kafka
from .envelope import Event, encode_data, rfc3339
from .relay.kafka import EventSender
from .relay.sending import Row

log = logging.getLogger(__name__)

#: Records that may wait; more push out the oldest.
LIMIT = 20_000
#: Seconds in which records gather before they are sent together.
LINGER = 0.05
#: Seconds after which a record that still waits is not worth sending.
STALE = 5.0
#: Records in one send.
AT_ONCE = 2_000


class Stream:
    """A process's own way for stream traffic, with a thread that sends. `sent` and `dropped` count records."""

    def __init__(self, *, limit: int = LIMIT, stale: float = STALE) -> None:
        self.sent = 0
        self.dropped = 0
        self._stale = stale
        self._waiting: deque[tuple[float, Row]] = deque(maxlen=limit)
        self._sender = EventSender()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._warned = False

    def emit(self, event: Event, *, key: str, at: datetime | None = None) -> None:
        """Send a record soon, or never; `at` (wall time, default now) is when the server received what it tells."""
        when = rfc3339(at or datetime.now(UTC))
        row = Row(0, 0, event.topic, event.type, key, None, str(uuid.uuid4()), when, encode_data(event), "", 0, when, 0)
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append((time.monotonic(), row))
        if not self._news.is_set():
            self._news.set()
        if self._thread is None:
            self._start()

    def close(self, *, within: float = 2.0) -> None:
        """Send what waits, if Kafka takes it at once, and end the thread."""
        self._closing.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(within)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                # A daemon thread: a process must not stay for what may be lost.
                self._thread = threading.Thread(target=self._send_forever, name="stream", daemon=True)
                self._thread.start()

    def _send_forever(self) -> None:
        while not (self._closing.is_set() and not self._waiting):
            self._news.wait()
            if not self._closing.is_set():
                time.sleep(LINGER)
            # Cleared before the look: what is added from here on rings anew.
            self._news.clear()
            while rows := self._take():
                self._send(rows)
        self._sender.discard()

    def _take(self) -> list[Row]:
        fresh: list[Row] = []
        oldest = time.monotonic() - self._stale
        while self._waiting and len(fresh) < AT_ONCE:
            at, row = self._waiting.popleft()
            if at < oldest:
                self.dropped += 1
            else:
                fresh.append(row)
        return fresh

    def _send(self, rows: list[Row]) -> None:
        try:
            answers = self._sender.send(rows)
            arrived = sum(answer.ok for answer in answers)
            trouble = next((answer.error for answer in answers if not answer.ok), "")
        except (kafka.Unreachable, KafkaError, RuntimeError, OSError) as error:
            arrived, trouble = 0, str(error)
            self._sender.discard()
            self._closing.wait(0.5)
        self.sent += arrived
        self.dropped += len(rows) - arrived
        if trouble and not self._warned:
            log.warning("stream traffic is dropped: %s", trouble)
        self._warned = bool(trouble)


#: This process's own.
stream = Stream()


def emit(event: Event, *, key: str, at: datetime | None = None) -> None:
    """`Stream.emit` on this process's own stream."""
    stream.emit(event, key=key, at=at)
