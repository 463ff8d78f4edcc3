"""Head of line: who waits behind one slow message."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .notes import Notes
from .queues import Got, drain, send
from .sources import FAIR_QUEUES, FIFO
from .stage import Stage
from .topics import produce, run_members

#: The slow one, the one behind it, and one that has nothing to do with either.
SLOW, BEHIND, OTHER = "a-1-slow", "a-2", "b-1"
BODIES = [SLOW, BEHIND, OTHER]


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from the slow one's end (negative: before it) to the other two's."""

    behind: float
    other: float


def waits(got: list[Got]) -> Waits:
    at = {one.body: one.at for one in got}
    return Waits(at[BEHIND] - at[SLOW], at[OTHER] - at[SLOW])


def key(body: str) -> str:
    return body[0]


def blocking(stage: Stage, notes: Notes) -> None:
    slow = stage.size.slow

    def work(receiver: int, body: str) -> None:
        time.sleep(slow if body == SLOW else 0)

    notes.do(f"one message that takes {slow:g} s, one of the same key behind it, one of another key; two receivers")
    found: dict[str, Waits] = {}
    standard = stage.queue("blocking")
    send(stage.client, standard, BODIES)
    found["standard queue"] = waits(
        drain(stage.client, [standard], receivers=2, total=len(BODIES), work=work, at_once=1)
    )
    fifo = stage.queue("blocking", fifo=True)
    send(stage.client, fifo, BODIES, group=key, once=lambda body: body)
    found["FIFO queue, a group a key"] = waits(
        drain(stage.client, [fifo], receivers=2, total=len(BODIES), work=work, at_once=1)
    )
    topic = stage.topic("blocking", partitions=2)

    def fill() -> None:
        for body in BODIES:
            # Keys could fall into one partition by chance, so each is told its own.
            produce(stage.producer, topic, [body], partition="ab".index(key(body)))

    reading = run_members(
        stage, topic, groups=[stage.group("blocking")] * 2, partitions=2, total=len(BODIES), fill=fill, work=work
    )
    found["topic, a partition a key"] = waits(reading.got)

    both_free, group_waits, partition_waits = found.values()
    notes.sqs("standard queue: nobody waited for the slow one", held=both_free.behind < 0 and both_free.other < 0)
    notes.sqs(
        "FIFO queue: the next of its group waited until the slow one was done, the other group did not",
        held=group_waits.behind >= 0 > group_waits.other,
    )
    notes.kafka(
        "topic: all behind it in its partition waited, the other partition did not",
        held=partition_waits.behind >= 0 > partition_waits.other,
    )
    notes.table(
        "Handled so long after (−: before) the slow one was done, ms",
        ("", "the next of its key", "one of another key"),
        [(name, round(one.behind * 1000), round(one.other * 1000)) for name, one in found.items()],
    )
    notes.limit(
        "A partition holds many keys, of which each waits behind the slow one; a FIFO queue has as many groups as you"
        " like. Here both have one key each, which flatters the topic."
    )
    notes.build("Kafka: a reader that sets a key aside and goes on with the others (here: parked keys)")
    notes.cite(FIFO, FAIR_QUEUES)
