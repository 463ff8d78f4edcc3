"""The one loop behind every group: poll, apply each partition's batch in its own transaction, tell Kafka for lag.

Kafka decides who reads a partition; PostgreSQL decides from where. Two members that believe they own a partition meet
at the lock of its stored offset, so a rebalance needs no ceremony here.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import close_old_connections, connections
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from messaging import kafka
from messaging.envelope import Envelope
from messaging.models.incident import open_incident, resolve_incident
from messaging.names import full_group, full_topic

from .ahead import Ahead
from .aligning import Incarnations, Log, TopicChanged, stored_position
from .batch import Applied, Batch, apply_batch
from .beside import Beside
from .decoding import decode_for, forget_unpacked
from .failures import TRANSIENT, Busy, TooManyDeadLetters
from .group import Group
from .joining import finish_join
from .pace import Pace
from .records import Record

log = logging.getLogger("messaging.consuming")

#: Seconds.
POLL = 0.5
COMMIT_EVERY = 1.0
BACK_OFF_FIRST, BACK_OFF_LAST = 0.2, 10.0
#: Seconds a group that stopped at its dead-letter limit rests before it looks whether a person has been there.
STOPPED_REST = 15.0
#: Records of a poll from which on a second thread, with a connection of its own, is worth its while.
SIDE_BY_SIDE = 2000


class GroupLoop:
    """Runs one group until told to stop; every failure is waited out or told, none ends it.

    `ready` is set when Kafka has given this member its partitions (which may be none, where there are more members).
    """

    def __init__(self, group: Group, **kafka_changes: Any) -> None:
        self.group = group
        self.kafka_changes = kafka_changes
        self.ready = threading.Event()
        self.applied = 0
        self.batches = 0

    def run(self, stop: threading.Event) -> None:
        pause = BACK_OFF_FIRST
        while not stop.is_set():
            began = time.monotonic()
            try:
                with Session(self, stop) as session:
                    session.read()
                pause = 0.0
            except TopicChanged as error:
                log.warning("group %s: %s", self.group.name, error)
                pause = BACK_OFF_FIRST
            except TooManyDeadLetters as error:
                self._tell("dead_letter_limit", f"{error}. The group has stopped: find the cause, then settle them.")
                pause = STOPPED_REST
            except (kafka.Unreachable, *TRANSIENT) as error:
                log.warning("group %s: %s; again in %.1f s", self.group.name, str(error).strip(), pause)
            except Exception as error:
                log.exception("group %s failed; again in %.1f s", self.group.name, pause)
                self._tell("consumer_failed", f"The group's consumer failed and is tried again: {error!r}")
            if time.monotonic() - began > BACK_OFF_LAST:
                pause = min(pause, BACK_OFF_FIRST)
            stop.wait(pause)
            pause = min(BACK_OFF_LAST, max(BACK_OFF_FIRST, pause * 2))
            _refresh_connection()
        connections.close_all()

    def _tell(self, kind: str, message: str) -> None:
        try:
            _refresh_connection()
            open_incident(kind, self.group.name, message)
        except Exception as error:
            log.error("group %s: %s (and no incident could be written: %s)", self.group.name, message, error)


class Session:
    """One Kafka consumer's life within a loop."""

    def __init__(self, loop: GroupLoop, stop: threading.Event) -> None:
        self.loop = loop
        self.group = dataclasses.replace(loop.group, handler=self.handle)
        self.stop = stop
        self.topics = {full_topic(topic): topic for topic in self.group.topics}
        #: The position before the next poll of each partition that is aligned with its stored offset.
        self.next: dict[TopicPartition, int] = {}
        self.paused_until: dict[TopicPartition, float] = {}
        self.pauses: dict[TopicPartition, float] = {}
        self.uncommitted: dict[TopicPartition, int] = {}
        self.commit_at = 0.0
        self.told = False
        # The broker answers a fetch once there is a MiB, or after so long.
        gather = {"fetch_min_bytes": 2**20, "fetch_max_wait_ms": self.group.gather_ms} if self.group.gather_ms else {}
        self.consumer: KafkaConsumer = kafka.consumer(
            group=full_group(self.group.name),
            **{
                **gather,
                "max_poll_records": self.group.batch,
                "session_timeout_ms": 10_000,
                "heartbeat_interval_ms": 2_000,
                **loop.kafka_changes,
            },
        )
        # What one poll brought may take a tenth of max.poll.interval: Kafka evicts a member that stays away from its
        # polls for longer than that (five minutes), and the next would be evicted over the same records.
        chewing = self.consumer.config["max_poll_interval_ms"] / 10_000
        self.pace = Pace(most=self.group.batch, chewing=chewing)
        decode_for(self.consumer, self.topics)
        self.incarnations = Incarnations(self.consumer, self.topics)
        self.ahead = Ahead(self.poll, name=threading.current_thread().name)
        self.beside = Beside(name=threading.current_thread().name)
        #: Positions are forgotten on the client's thread, perhaps while a batch is being applied.
        self.positions = threading.Lock()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.ahead.close()
        self.beside.close()
        self.commit(force=True)
        kafka.close_quietly(self.consumer)

    def read(self) -> None:
        """Read until told to stop.

        Raises:
            TopicChanged, TooManyDeadLetters: begin again, after the pause each deserves.
        """
        self.consumer.subscribe(topics=list(self.topics), listener=Listener(self))
        for name in self.topics:
            # The member that deals out the partitions knows only what its metadata hold: else its first deal is empty.
            self.consumer.partitions_for_topic(name)
        while not self.stop.is_set():
            polled = self.ahead.take()
            self.incarnations.check()
            # Only what was polled of partitions that were aligned before it begins where it should.
            aligned = {partition: records for partition, records in polled.items() if partition in self.next}
            self.align()
            self.resume()
            self.commit()
            if aligned:
                self.ahead.start()
            began, count = time.monotonic(), sum(map(len, aligned.values()))
            self.apply(aligned, alone=not self.group.side_by_side or count < SIDE_BY_SIDE)
            self.pace.fit(count, time.monotonic() - began)

    def poll(self) -> dict[TopicPartition, list[Record]]:
        try:
            found: dict[TopicPartition, list[Record]] = self.consumer.poll(
                timeout_ms=int(self.patience() * 1000), max_records=self.pace.bite
            )
        except NoOffsetForPartitionError:
            return {}  # A new group: `align` gives every partition its position.
        except OffsetOutOfRangeError as error:
            raise TopicChanged(f"the log no longer holds what was to be read: {error}") from error
        finally:
            finish_join(self.consumer)
        return found

    def align(self) -> None:
        """Seek partitions that are new here to their stored offsets; what a poll brought before that is dropped."""
        new = [partition for partition in self.consumer.assignment() if partition not in self.next]
        if not new:
            return
        first = self.consumer.beginning_offsets(new, timeout_ms=5000)
        end = self.consumer.end_offsets(new, timeout_ms=5000)
        for partition in new:
            position = stored_position(
                self.group.name,
                self.topics[partition.topic],
                partition.partition,
                Log(first[partition], end[partition], self.incarnations.now(partition.topic)),
                tell=self.loop._tell,
            )
            try:
                self.consumer.seek(partition, position)
            except ValueError:
                continue  # Revoked meanwhile.
            self.next[partition] = position
        resolve_incident("consumer_failed", self.group.name)

    def apply(self, polled: Mapping[TopicPartition, Sequence[Record]], *, alone: bool) -> None:
        """Apply each partition's batch in its own transaction, and go on from what it came to."""
        batches = {
            partition: Batch(
                topic=self.topics[partition.topic],
                partition=partition.partition,
                start=start,
                next=records[-1].offset + 1,
                records=records,
                incarnation=self.incarnations.began(partition.topic),
            )
            for partition, records in polled.items()
            if (start := self.next.get(partition)) is not None  # Else it was revoked since it was polled.
        }
        came_to: dict[TopicPartition, Applied | Exception] = {}

        def attempt(partition: TopicPartition) -> None:
            came_to[partition] = self.attempt(partition, batches[partition])

        self.beside.run([partial(attempt, partition) for partition in batches], alone=alone)
        for partition, batch in batches.items():
            self.conclude(partition, batch, came_to[partition])

    def attempt(self, partition: TopicPartition, batch: Batch) -> Applied | Exception:
        """Apply one; perhaps on the second thread, so it touches nothing but the database."""
        try:
            return apply_batch(self.group, batch)
        except TRANSIENT as error:
            _refresh_connection()
            return error
        except Exception as error:
            return error

    def conclude(self, partition: TopicPartition, batch: Batch, came_to: Applied | Exception) -> None:
        """Go on behind the batch, or wherever it points; read it again later where it could not be applied now."""
        if isinstance(came_to, Busy):
            self.hold(partition, batch.start, came_to.seconds)
            return
        if isinstance(came_to, TRANSIENT):
            pause = min(BACK_OFF_LAST, self.pauses.get(partition, BACK_OFF_FIRST / 2) * 2)
            self.pauses[partition] = pause
            log.warning("group %s, %s: %s; again in %.1f s", self.group.name, partition, str(came_to).strip(), pause)
            self.hold(partition, batch.start, pause)
            return
        if isinstance(came_to, Exception):
            raise came_to
        self.pauses.pop(partition, None)
        if not self.told:
            self.told = True
            resolve_incident("dead_letter_limit", self.group.name)
        self.loop.applied += came_to.events
        self.loop.batches += 1
        self.uncommitted[partition] = came_to.next
        if came_to.next != batch.next:
            self.seek(partition, came_to.next)
            return
        with self.positions:
            if partition in self.next:
                self.next[partition] = came_to.next

    def handle(self, events: Sequence[Envelope], *, generation: int) -> None:
        """The group's handler, watched."""
        began = time.monotonic()
        try:
            self.loop.group.handler(events, generation=generation)
        finally:
            self.pace.given.add(len(events), time.monotonic() - began)

    def hold(self, partition: TopicPartition, start: int, seconds: float) -> None:
        """Read nothing of a partition for a while, and then the same again; the others go on."""
        if self.seek(partition, start):
            self.consumer.pause(partition)
            self.paused_until[partition] = time.monotonic() + seconds

    def seek(self, partition: TopicPartition, position: int) -> bool:
        self.ahead.without(partition)
        forget_unpacked(self.consumer, partition)
        try:
            self.consumer.seek(partition, position)
        except ValueError:
            self.next.pop(partition, None)
            return False
        self.next[partition] = position
        return True

    def resume(self) -> None:
        """Read on where the pause is over. kafka-python keeps a partition paused through a rebalance: so ask it."""
        now = time.monotonic()
        self.paused_until = {partition: until for partition, until in self.paused_until.items() if until > now}
        self.consumer.resume(*(self.consumer.paused() - self.paused_until.keys()))

    def patience(self) -> float:
        """How long a poll may wait, in seconds: no longer than the shortest pause."""
        left = min(self.paused_until.values(), default=float("inf")) - time.monotonic()
        return min(POLL, max(0.01, left))

    def commit(self, *, force: bool = False) -> None:
        """Tell Kafka how far this group is. Nobody reads it back but tools that show lag."""
        if not self.uncommitted or (time.monotonic() < self.commit_at and not force):
            return
        offsets = {
            partition: OffsetAndMetadata(position, "", -1)
            for partition, position in self.uncommitted.items()
            if partition in self.next
        }
        self.uncommitted.clear()
        self.commit_at = time.monotonic() + COMMIT_EVERY
        if not offsets:
            return
        try:
            if force:
                self.consumer.commit(offsets, timeout_ms=1000)
            else:
                self.consumer.commit_async(offsets, callback=lambda *_: None)
        except Exception as error:
            log.debug("group %s: Kafka's own offsets were not committed: %s", self.group.name, error)

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        with self.positions:
            for partition in partitions:
                self.next.pop(partition, None)


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's I/O loop, so it only forgets positions: no database, no waiting."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self.session.forget(revoked)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.session.forget(assigned)
        self.session.loop.ready.set()


def _refresh_connection() -> None:
    """Drop a broken database connection, so that the next statement makes a new one."""
    close_old_connections()
