"""The sweeper: runs every duty in its own time, and none at another's expense."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import DatabaseError, connection

from messaging.sweeping import Duty as Duty

from . import duties, silence

logger = logging.getLogger(__name__)


#: Wall seconds between passes: a round that is due a moment too late sends its courier off too late.
TICK_SECONDS = 0.1

DUTIES = (
    Duty(duties.begin_rounds, every=TICK_SECONDS),
    Duty(duties.expire_offers),
    Duty(duties.release_ended),
    Duty(duties.wake_zones),
    Duty(duties.give_up_undeliverable),
    Duty(duties.reject_unconfirmed),
    Duty(duties.remind_payments, every=duties.PAYMENT_FORGOTTEN.total_seconds()),
    Duty(silence.watch_couriers, every=5.0),
    Duty(duties.watch_outbox, every=5.0),
    Duty(duties.prune_records, every=60.0, aside=True),
    Duty(duties.drain_dead_letters, every=5.0, aside=True),
)


class Sweeper:
    """Runs each duty in its own time. A duty that fails is logged and tried again; the others go on."""

    def __init__(self, chosen: Iterable[Duty] = DUTIES) -> None:
        self.duties = tuple(chosen)
        #: What failed in the last pass, by duty.
        self.failures: dict[str, str] = {}
        self._due: dict[str, float] = {}
        self._aside: dict[str, Future[int]] = {}
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sweep")

    def sweep(self, *, wait: bool = False) -> dict[str, int]:
        """One pass over the duties that are due: how much each did.

        A duty that runs aside holds up no deadline while SQS is slow: its result is told in a later pass, or, with
        `wait`, in this one.
        """
        self.failures = {}
        done: dict[str, int] = {}
        for duty in self.duties:
            now = time.monotonic()
            if duty.name in self._aside or now < self._due.get(duty.name, 0.0):
                continue
            self._due[duty.name] = now + duty.every
            if duty.aside:
                self._aside[duty.name] = self._threads.submit(_on_a_connection_of_its_own, duty.run)
            else:
                self._settle(duty.name, duty.run, done)
        for name, running in list(self._aside.items()):
            if wait or running.done():
                self._settle(name, self._aside.pop(name).result, done)
        return done

    def close(self) -> None:
        """Start nothing more; what runs aside may be cut short, as by any crash."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _settle(self, name: str, run: Callable[[], int], done: dict[str, int]) -> None:
        try:
            done[name] = run()
        except Exception as error:
            self.failures[name] = f"{type(error).__name__}: {error}"
            logger.exception("sweep: %s failed", name)
            if isinstance(error, DatabaseError) and not connection.in_atomic_block:
                # Perhaps the connection is what broke: the next duty opens a fresh one.
                connection.close()


def _on_a_connection_of_its_own(run: Callable[[], int]) -> int:
    try:
        return run()
    finally:
        connection.close()
