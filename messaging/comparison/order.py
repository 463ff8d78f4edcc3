"""Who overtakes whom: a standard queue, a FIFO queue, and a topic's partitions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from .notes import Notes
from .queues import Got, drain, send
from .sources import AT_LEAST_ONCE, FIFO
from .stage import Stage
from .topics import produce, run_members

PARTIES = 4
#: Seconds that handling takes: long enough for others to be faster.
PAUSE = 0.002


def overtaken(numbers: Iterable[int]) -> int:
    """How many come after a later one."""
    highest, count = -1, 0
    for number in numbers:
        count += number < highest
        highest = max(highest, number)
    return count


def lane(body: str) -> str:
    """The key of a message: one of four."""
    return f"lane-{int(body) % PARTIES}"


def by_lane(got: Sequence[Got]) -> list[int]:
    """How many were overtaken within each key."""
    return [overtaken(int(one.body) for one in got if lane(one.body) == f"lane-{number}") for number in range(PARTIES)]


def handle(receiver: int, body: str) -> None:
    time.sleep(PAUSE)


def order(stage: Stage, notes: Notes) -> None:
    count = stage.size.ordered
    bodies = [f"{number:05}" for number in range(count)]
    notes.do(f"{count} numbered messages of {PARTIES} keys, {PARTIES} receivers, a moment's work for each")

    standard = stage.queue("order")
    send(stage.client, standard, bodies)
    got = drain(stage.client, [standard], receivers=PARTIES, total=count, work=handle)
    loose, loose_lanes = overtaken(int(one.body) for one in got), sum(by_lane(got))
    notes.sqs(f"standard queue: {loose} of {count} were overtaken by a later one", held=loose > 0)

    fifo = stage.queue("order", fifo=True)
    send(stage.client, fifo, bodies, group=lane, once=lambda body: body)
    got = drain(stage.client, [fifo], receivers=PARTIES, total=count, work=handle)
    strict, strict_lanes = overtaken(int(one.body) for one in got), sum(by_lane(got))
    notes.sqs(f"FIFO queue: within a message group {strict_lanes} were overtaken", held=strict_lanes == 0)

    topic = stage.topic("order", partitions=PARTIES)
    reading = run_members(
        stage,
        topic,
        groups=[stage.group("order")] * PARTIES,
        partitions=PARTIES,
        total=count,
        fill=lambda: produce(stage.producer, topic, bodies, key=lane),
        work=handle,
    )
    across, within = overtaken(int(one.body) for one in reading.got), sum(by_lane(reading.got))
    notes.kafka(f"topic: within a key {within} were overtaken", held=within == 0)

    notes.table(
        "Messages overtaken by a later one",
        ("", "within their key", "over all"),
        (
            ("standard queue", loose_lanes, loose),
            ("FIFO queue", strict_lanes, strict),
            (f"topic, {PARTIES} partitions", within, across),
        ),
    )
    notes.build("on a standard queue: a sequence in the message, and a receiver that refuses what comes too early")
    notes.cite(AT_LEAST_ONCE, FIFO)
