"""The next poll, in a thread of its own, while PostgreSQL applies what the last one brought.

Taking records apart is Python's time and applying them largely PostgreSQL's; one after the other, each waits for the
other. The client is not made for two threads at once, so its owner touches it only while no poll is under way: between
`take` and `start`, or after `without`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

#: Seconds for which a busy thread may keep the interpreter from one that PostgreSQL has answered. Python's own 5 ms,
#: a dozen times a batch, would cost most of what reading ahead gains.
SWITCH = 0.001


class Ahead:
    """Runs `poll` ahead of its need, at most one at a time. `poll` gives records by partition."""

    def __init__(self, poll: Callable[[], dict[Any, list[Any]]], *, name: str) -> None:
        self._poll = poll
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._under_way: Future[dict[Any, list[Any]]] | None = None
        self._unwanted: set[Any] = set()
        sys.setswitchinterval(SWITCH)

    def start(self) -> None:
        """Begin the next poll; the client is its own until `take` or `without` returns."""
        self._under_way = self._thread.submit(self._poll)

    def take(self) -> dict[Any, list[Any]]:
        """What the poll that was begun brings, or one made now.

        Raises:
            Exception: as `poll`.
        """
        under_way, self._under_way = self._under_way, None
        unwanted, self._unwanted = self._unwanted, set()
        polled = under_way.result() if under_way else self._poll()
        return {partition: records for partition, records in polled.items() if partition not in unwanted}

    def without(self, partition: Any) -> None:
        """Wait for the poll under way and leave a partition out of what it brings: it is to be read again."""
        if self._under_way is not None:
            wait([self._under_way])
            self._unwanted.add(partition)

    def close(self) -> None:
        """Wait for the poll under way, whatever it brings."""
        self._thread.shutdown()
