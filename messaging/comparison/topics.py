"""Writing to a topic and reading it, as any consumer would, with nothing in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import RetriableError

from .queues import Got, Work, idle
from .stage import Stage

#: Seconds in which the members of a group settle, else those that seem astray join anew.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What members of a group read. `assigned` are the partitions of each once all had joined."""

    got: list[Got]
    assigned: list[list[int]]


def produce(
    producer: KafkaProducer,
    topic: str,
    values: Sequence[str],
    *,
    key: Callable[[str], str] | None = None,
    partition: int | None = None,
) -> None:
    """Write, and wait until the broker has acknowledged each.

    Raises:
        kafka.errors.KafkaError: one was not acknowledged.
    """
    futures = [
        producer.send(topic, value.encode(), key=key(value).encode() if key else None, partition=partition)
        for value in values
    ]
    producer.flush(timeout=30)
    for future in futures:
        future.get(timeout=30)


def read(consumer: KafkaConsumer, count: int, *, within: float = 30, quiet: float = 1.0) -> list[Any]:
    """Poll until there are so many records; with `count` 0, for `quiet` seconds, to show that none come."""
    found: list[Any] = []
    deadline = time.monotonic() + (within if count else quiet)
    while (len(found) < count or not count) and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=100).values():
            found += records
    return found


def reader(stage: Stage, topic: str, *, partition: int = 0, **changes: Any) -> KafkaConsumer:
    """A reader of one partition that belongs to no group, at its start."""
    made = stage.consumer(**changes)
    made.assign([TopicPartition(topic, partition)])
    made.seek_to_beginning()
    return made


def join(consumer: KafkaConsumer, topic: str) -> None:
    """Subscribe, having asked how many partitions there are: who leads a group without knowing deals out none."""
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic])


def run_members(
    stage: Stage,
    topic: str,
    *,
    groups: Sequence[str],
    partitions: int,
    total: int,
    fill: Callable[[], None],
    work: Work = idle,
    at_once: int = 10,
    within: float = 60,
) -> Reading:
    """A member for each entry of `groups`; once all have joined, `fill` writes, and they read until each group has
    handled `total` different records. Records come in order of handling; `receiver` is the member's place.
    """
    got: list[Got] = []
    handled: dict[str, set[str]] = {group: set() for group in groups}
    done, faults = threading.Event(), list[BaseException]()
    consumers = [stage.consumer(group=group, max_poll_records=at_once) for group in groups]
    deadline = time.monotonic() + within
    anew = [threading.Event() for _ in consumers]

    def follow(member: int, consumer: KafkaConsumer, group: str) -> None:
        try:
            join(consumer, topic)
            while not done.is_set() and time.monotonic() < deadline:
                if anew[member].is_set():
                    anew[member].clear()
                    consumer.unsubscribe()
                    join(consumer, topic)
                for records in consumer.poll(timeout_ms=100).values():
                    for record in records:
                        body = record.value.decode()
                        work(member, body)
                        got.append(Got(member, body, time.monotonic()))
                        handled[group].add(body)
        except Exception as error:
            faults.append(error)
            done.set()

    threads = [
        threading.Thread(target=follow, args=(number, consumer, group), name=f"member-{number}")
        for number, (consumer, group) in enumerate(zip(consumers, groups, strict=True))
    ]
    for thread in threads:
        thread.start()
    try:
        while not (
            _wait(
                lambda: _joined(stage, groups) and _shared_out(groups, consumers, partitions),
                done,
                min(deadline, time.monotonic() + PATIENCE),
            )
            or done.is_set()
            or time.monotonic() > deadline
        ):
            # Of members that come at one moment one may go on believing that it has every partition: it joins anew.
            crowds = [
                len(made.assignment()) * groups.count(group) for group, made in zip(groups, consumers, strict=True)
            ]
            for again, crowd in zip(anew, crowds, strict=True):
                if crowd > partitions or max(crowds) <= partitions:
                    again.set()
        assigned = [sorted(part.partition for part in consumer.assignment()) for consumer in consumers]
        fill()
        _wait(lambda: all(len(found) >= total for found in handled.values()), done, deadline)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        for consumer in consumers:
            stage.leave(consumer)
    if faults:
        raise faults[0]
    return Reading(sorted(got, key=lambda one: one.at), assigned)


def _joined(stage: Stage, groups: Sequence[str]) -> bool:
    """Whether every group has settled with all its members, so that nobody's partitions move any more."""
    try:
        described = stage.admin.describe_groups(sorted(set(groups)))
    except RetriableError:
        # A broker's first group waits until the topic of groups' offsets has been made.
        return False
    entries = described.values() if isinstance(described, dict) else described
    return all(
        entry["group_state"] == "Stable" and len(entry["members"]) == list(groups).count(entry["group_id"])
        for entry in entries
    )


def _shared_out(groups: Sequence[str], consumers: Sequence[KafkaConsumer], partitions: int) -> bool:
    """Whether the members have heard of it too: a group is stable before they have, and until then the one that came
    first believes that it has every partition.
    """
    shares: dict[str, list[int]] = {group: [] for group in groups}
    for group, consumer in zip(groups, consumers, strict=True):
        shares[group].append(len(consumer.assignment()))
    return all(
        sum(share) == partitions and sum(map(bool, share)) == min(partitions, len(share)) for share in shares.values()
    )


def _wait(condition: Callable[[], bool], done: threading.Event, deadline: float) -> bool:
    """Whether it came true before the deadline, and before all was over."""
    while not (met := condition()) and not done.wait(0.01) and time.monotonic() < deadline:
        pass
    return met
