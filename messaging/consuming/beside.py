"""Work done by two threads, for groups that apply several partitions of a poll: while PostgreSQL works for one of them,
Python works for the other. Each thread has a database connection of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


class Beside:
    """The second thread; it starts, and opens its connection, with the first work there is for it."""

    def __init__(self, *, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._used = False

    def run(self, jobs: Iterable[Callable[[], None]], *, alone: bool = False) -> None:
        """Do all of it, each job once, and return when all is done; `alone` without the second thread.

        Raises:
            Exception: as a job; the others of that moment are done all the same.
        """
        waiting = deque(jobs)

        def work() -> None:
            while True:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                job()

        if alone or len(waiting) < 2:
            work()
            return
        self._used = True
        other = self._thread.submit(work)
        try:
            work()
        finally:
            other.result()

    def close(self) -> None:
        if self._used:
            self._thread.submit(connections.close_all).result()
        self._thread.shutdown()
