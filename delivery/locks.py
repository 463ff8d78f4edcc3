"""Locks of this room: a courier's row, and the advisory locks that make one of many processes do a thing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import DatabaseError, connection

from .models import Courier

logger = logging.getLogger(__name__)

#: A standby may take over from a holder that has been silent this long (seconds): stopped, but not dead.
SILENCE_SECONDS = 10


def lock_courier(courier_id: int) -> Courier:
    """The courier under its row lock, which is always taken after the orders'.

    Raises:
        Courier.DoesNotExist: no such courier.
    """
    return Courier.objects.select_for_update().get(pk=courier_id)


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Try a lock without waiting, on this thread's connection; yields whether it is held.

    Should the connection break and Django open another, the lock is gone: it saves work, and what it guards must
    stay right without it.
    """
    key = _full_name(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        held: bool = cursor.fetchone()[0]
    try:
        yield held
    finally:
        if held:
            # A broken connection has let go of it already.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


class SessionLock:
    """A lock held for a process's life, on a connection of its own that never reconnects by itself.

    Django's own connection is replaced silently when it breaks, and the lock with it: two would then hold it.
    """

    def __init__(self, name: str) -> None:
        self._name = _full_name(name)
        self._connection = connection.copy()
        self._held = False

    def hold(self) -> bool:
        """True while this process holds the lock: takes it, or keeps it by showing that it is alive."""
        try:
            if self._connection.connection is None:
                self._held = False
                with self._connection.cursor() as cursor:
                    cursor.execute(f"SET idle_session_timeout = '{SILENCE_SECONDS}s'")
            with self._connection.cursor() as cursor:
                if not self._held:
                    cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [self._name])
                    self._held = cursor.fetchone()[0]
                else:
                    cursor.execute("SELECT 1")
        except DatabaseError as error:
            if self._held:
                logger.warning("lost the lock %s: %s", self._name, error)
            self.release()
        return self._held

    def release(self) -> None:
        """Let go of it."""
        self._held = False
        with suppress(DatabaseError):
            self._connection.close()


def _full_name(name: str) -> str:
    return f"{settings.FORKROAD_NAMESPACE}:{name}"
