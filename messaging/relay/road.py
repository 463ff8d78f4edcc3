"""The relay's loop over one road: take lanes, select, send, check every answer, delete. One thread a road."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import psycopg
from django.db import DatabaseError, connections

from . import rows
from .backlog import report, watch_backlog
from .lanes import Lanes, connect
from .sending import Answer, Result, Row, Sender, Settled, settle

log = logging.getLogger("messaging.relay")

#: Seconds. PostgreSQL ends a relay's session, and so frees its lanes, after this much silence.
IDLE_SECONDS = 3.0
#: Rows in one batch, over all the lanes held.
BATCH = 2000
#: From so many rows on, the next batch is selected while this one is on its way: there are likely more.
FULL = 200
#: Seconds between looks at an empty outbox; it rests longer the longer nothing comes. No NOTIFY: that takes a
#: global lock in every order's commit.
POLL_FIRST, POLL_LAST = 0.004, 0.05
#: Seconds between tries of a broker that is away.
BACK_OFF_FIRST, BACK_OFF_LAST = 0.1, 5.0
#: Seconds that a batch on its way may take to finish once the relay is told to stop.
GRACE = 3.0


@dataclass(slots=True)
class Counts:
    """What a road has done since it started."""

    sent: int = 0
    failed: int = 0
    lanes: int = 0


class Road:
    """Drains one road. `make_sender` is called for each new connection: a sender never outlives its lanes."""

    def __init__(
        self,
        road: str,
        make_sender: Callable[[], Sender],
        *,
        idle_seconds: float = IDLE_SECONDS,
        batch: int = BATCH,
    ) -> None:
        self.road = road
        self.make_sender = make_sender
        self.idle_seconds = idle_seconds
        self.batch = batch
        self.counts = Counts()
        self.settled_once = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Drain until `stop`; a lost database is waited for."""
        pause = BACK_OFF_FIRST
        while not stop.is_set():
            try:
                with Session(self, stop) as session:
                    pause = BACK_OFF_FIRST
                    session.serve()
            except (psycopg.Error, DatabaseError) as error:
                log.warning("%s road: database: %s; again in %.1f s", self.road, str(error).strip(), pause)
            except Exception:
                log.exception("%s road stumbled; again in %.1f s", self.road, pause)
            stop.wait(pause)
            pause = min(BACK_OFF_LAST, pause * 2)
        connections.close_all()

    def drain(self) -> int:
        """Send what is there and can go now, then return how many rows are left (waiting, blocked, on others' lanes).

        Raises:
            psycopg.Error: the database failed.
        """
        with Session(self, threading.Event()) as session:
            session.lanes.balance()
            while session.step() and not session.broker_away:
                pass
            session.settle_up()
            row = session.connection.execute(
                "SELECT count(*) FROM messaging_outboxrow WHERE road = %s", [self.road]
            ).fetchone()
            return int(row[0]) if row else 0


class Session:
    """One database connection's life: its lanes, its sender, its batches."""

    def __init__(self, road: Road, stop: threading.Event) -> None:
        self.road = road
        self.stop = stop
        self.connection = connect(idle_seconds=road.idle_seconds, name=f"relay {road.road}")
        self.lanes = Lanes(self.connection, road=road.road)
        self.sender = road.make_sender()
        self.pool = ThreadPoolExecutor(1, thread_name_prefix=f"relay-{road.road}")
        #: Whether rows may carry marks of waiting; unknown until looked at, for every lane newly taken.
        self.look_for_held = True
        self.broker_away = 0.0
        #: Acknowledged rows whose delete waits for the next batch to be on its way, and that next batch.
        self.owed: list[int] = []
        self.ahead: list[Row] = []
        self.ahead_at = 0.0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        # Connection first: its lanes are free for others at once. The sender may still be waiting for a broker.
        with contextlib.suppress(psycopg.Error):
            self.connection.close()
        self._discard_sender()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def serve(self) -> None:
        """Drain until told to stop, or until the connection is lost."""
        pause, balance_at, watch_at = POLL_FIRST, 0.0, time.monotonic() + 2
        while not self.stop.is_set():
            now = time.monotonic()
            if now >= balance_at:
                self.balance()
                self.road.counts.lanes = len(self.lanes.held)
                balance_at = now + min(1.0, self.road.idle_seconds / 3)
                self.road.settled_once.set()
            if now >= watch_at:
                watch_backlog(self.connection, road=self.road.road)
                watch_at = now + 5
            if self.step() and not self.broker_away:
                pause = POLL_FIRST
                continue
            self.rest(self.broker_away or pause)
            pause = min(POLL_LAST, pause * 1.2)
        self.settle_up()

    def balance(self) -> None:
        """Let lanes change hands, with nothing on its way and nothing acknowledged left undeleted."""
        self.settle_up()
        if self.lanes.balance():
            self.ahead = []
            self.look_for_held = True

    def rest(self, seconds: float) -> None:
        """Wait, but never so long in silence that the server takes the lanes away."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.stop.wait(min(left, self.road.idle_seconds / 4)):
            if left > self.road.idle_seconds / 4:
                self.ping()

    def step(self) -> int:
        """One batch; returns how many rows it took up (0: nothing to do).

        While it is on its way, the rows before it are deleted and those behind it selected. They are sent only after
        every row of this one was acknowledged: else they are dropped and selected anew (see docs/relay.md, 2).
        """
        if not self.lanes.held:
            return 0
        # A relay that was stopped meanwhile has lost its lanes: what it selected before is not its to send.
        fresh = time.monotonic() - self.ahead_at < self.road.idle_seconds / 2
        batch = (self.ahead if fresh else []) or self.select()
        self.ahead = []
        if not batch:
            return 0
        future = self.pool.submit(self.sender.send, batch)
        self.settle_up()
        if len(batch) >= FULL:
            self.ahead, self.ahead_at = self.select(behind=batch), time.monotonic()
        self.conclude(settle(batch, self.answers(future, batch)))
        return len(batch)

    def select(self, *, behind: Sequence[Row] = ()) -> list[Row]:
        """The oldest rows of the lanes held; those `behind` a batch that is on its way."""
        held: list[tuple[str, str]] = []
        if self.look_for_held:
            held, marked = rows.held_streams(self.connection, road=self.road.road, shards=self.lanes.held)
            self.look_for_held = marked
        return rows.select(
            self.connection,
            road=self.road.road,
            shards=self.lanes.held,
            limit=max(50, self.road.batch // len(self.lanes.held)),
            held=held,
            sent=[row.id for row in behind],
        )

    def settle_up(self) -> None:
        """Delete what is acknowledged and not deleted yet."""
        if self.owed:
            rows.delete(self.connection, self.owed)
            self.owed = []

    def answers(self, future: Future[Sequence[Answer]], batch: Sequence[Row]) -> Sequence[Answer]:
        """Wait for the other thread's answers while this one shows the database that it lives."""
        stopping = 0.0
        while not wait([future], timeout=self.road.idle_seconds / 4).done:
            self.ping()
            if self.stop.is_set():
                stopping = stopping or time.monotonic()
                if time.monotonic() - stopping > GRACE:
                    self._discard_sender()
        try:
            return future.result()
        except Exception as error:
            self._discard_sender()
            return [Result(row.id, ok=False, error=f"{type(error).__name__}: {error}") for row in batch]

    def conclude(self, settled: Settled) -> None:
        """Delete what is acknowledged; note what is not. A broker that is away is no row's fault and holds no key."""
        counts = self.road.counts
        self.owed = settled.done
        counts.sent += len(settled.done)
        if settled.failed or not self.ahead:
            self.settle_up()
        if not settled.failed:
            self.broker_away = 0.0
            return
        self.ahead = []
        counts.failed += len(settled.failed)
        if settled.total_failure:
            self.broker_away = min(BACK_OFF_LAST, max(BACK_OFF_FIRST, self.broker_away * 2))
            row, answer = settled.failed[0]
            log.warning(
                "%s road: nothing of %d messages went out, again in %.1f s; the first, %s: %s",
                self.road.road,
                len(settled.failed),
                self.broker_away,
                row.type,
                answer.error,
            )
            rows.record_failures(self.connection, settled.failed[:1], hold=False)
            return
        self.broker_away = 0.0
        self.look_for_held = True
        errors = {row.id: answer.error for row, answer in settled.failed}
        for row in rows.record_failures(self.connection, settled.failed, hold=True):
            message = f"{row.type} (outbox row {row.id}) is refused for good: {errors[row.id]}"
            log.error("%s; key %s waits", message, row.key)
            report(
                "outbox_blocked",
                f"{row.destination}:{row.key}"[:120],
                f"{message}. Its key waits for a person: retry or discard the row.",
            )

    def ping(self) -> None:
        self.connection.execute("SELECT 1")

    def _discard_sender(self) -> None:
        discard = getattr(self.sender, "discard", None)
        if discard is not None:
            discard()
