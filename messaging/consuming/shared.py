"""One reading of the topics for the replays of several groups: each record is fetched and taken apart once.

Taking records apart is half of what a group's own Python does for them. Each group applies in a thread of its own, so
that one computes while PostgreSQL works for another.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from django.db import connections
from kafka import KafkaConsumer

from messaging import kafka

from .batch import Batch
from .group import Group
from .once import SiftedOnce
from .replay import Progress, replay
from .topics import Place, TopicReader

#: Batches that may wait for a group: enough that it never waits for the reader, few enough to hold in memory.
AHEAD = 2
#: Seconds after which somebody who waits looks whether that is still worth it.
GLANCE = 0.2
POLL_MS = 200


class Abandoned(Exception):
    """The shared reading ended before this group's replay did."""


class Shared:
    """Reads the topics of some groups in the calling thread, and hands each batch to the shares that want it."""

    def __init__(self, groups: Sequence[Group]) -> None:
        topics = sorted({topic for group in groups for topic in group.topics})
        self._reader = TopicReader(topics, batch=max(group.batch for group in groups))
        # Shares ask where a topic ends in the middle of the reader's polls, and a client is not for two threads.
        self._asking: KafkaConsumer = kafka.consumer()
        self._one_asks = threading.Lock()
        self.failure: BaseException | None = None
        self.shares = [Share(self, group) for group in groups]

    def run(self) -> None:
        """Read until every share is closed.

        Raises:
            Exception: as kafka-python's; every share's replay ends with `Abandoned` then.
        """
        try:
            while any(not share.closed for share in self.shares):
                for batch in self._reader.poll(timeout_ms=POLL_MS):
                    shares = [share for share in self.shares if batch.topic in share.group.topics]
                    # Where each group uses some types alone, the data of the others are read for none.
                    if any(share.group.types is None for share in shares):
                        batch = replace(batch, once=SiftedOnce(batch.records))
                    for share in shares:
                        share.give(batch)
        except BaseException as error:
            self.failure = error
            raise

    def starts(self) -> dict[Place, int]:
        return self._reader.starts()

    def ends(self) -> dict[Place, int]:
        with self._one_asks:
            found = self._asking.end_offsets(self._reader.partitions, timeout_ms=10_000)
        return {self._reader.place(partition): end for partition, end in found.items()}

    def incarnation(self, topic: str) -> str:
        return self._reader.incarnation(topic)

    def close(self) -> None:
        self._reader.close()
        kafka.close_quietly(self._asking, timeout_ms=0)


class Share:
    """What one group gets of a shared reading; a `Reader` for its replay."""

    def __init__(self, shared: Shared, group: Group) -> None:
        self.group = group
        self.closed = False
        self._shared = shared
        self._next = {place: offset for place, offset in shared.starts().items() if place[0] in group.topics}
        self._waiting: queue.Queue[Batch] = queue.Queue(AHEAD)

    def give(self, batch: Batch) -> None:
        """Hand over a batch, once there is room for it."""
        while not self.closed:
            with contextlib.suppress(queue.Full):
                self._waiting.put(batch, timeout=GLANCE)
                return

    def poll(self, *, timeout_ms: int = 500, until: Mapping[Place, int] | None = None) -> Iterator[Batch]:
        """The next batch, if one comes in time.

        Raises:
            Abandoned: none will.
        """
        if until is not None:
            raise ValueError("a shared reading goes to the topics' ends")
        deadline = time.monotonic() + timeout_ms / 1000
        while (left := deadline - time.monotonic()) > 0:
            try:
                batch = self._waiting.get(timeout=min(left, GLANCE))
            except queue.Empty:
                if self._shared.failure is not None:
                    raise Abandoned(f"the topics could not be read on: {self._shared.failure!r}") from None
                continue
            self._next[batch.topic, batch.partition] = batch.next
            yield batch
            return

    def starts(self) -> dict[Place, int]:
        return dict(self._next)

    def ends(self) -> dict[Place, int]:
        return {place: end for place, end in self._shared.ends().items() if place in self._next}

    def incarnation(self, topic: str) -> str:
        return self._shared.incarnation(topic)

    def close(self) -> None:
        self.closed = True


#: What became of each group's replay, by name: how far it came, or why it failed.
Outcomes = dict[str, Progress | Exception]


def replay_together(
    groups: Sequence[Group], *, report: Callable[[Group, Progress], None] = lambda group, progress: None
) -> Outcomes:
    """Replay several groups from one reading. Each swaps when it is ready; one that fails keeps none of the others.

    `report` is called from several threads.

    Raises:
        messaging.kafka.Unreachable: no broker answers at the start.
    """
    with contextlib.closing(Shared(groups)) as shared, ThreadPoolExecutor(len(groups)) as threads:
        replays = {share.group.name: threads.submit(_replay, share, report) for share in shared.shares}
        with contextlib.suppress(Exception):
            shared.run()  # What it raises, each share that was left says.
    return {name: _outcome(future) for name, future in replays.items()}


def _replay(share: Share, report: Callable[[Group, Progress], None]) -> Progress:
    try:
        return replay(share.group, reader=share, report=lambda progress: report(share.group, progress))
    finally:
        share.close()
        connections.close_all()


def _outcome(future: Future[Any]) -> Progress | Exception:
    try:
        progress: Progress = future.result()
    except Exception as error:
        return error
    return progress
