"""A receiver that is slow, and one that is broken: whom does it hurt?"""

from __future__ import annotations

import time
from collections import Counter

from .notes import Notes
from .queues import drain, send, take, take_all
from .stage import Stage
from .topics import produce, run_members

COUNT = 60
#: Seconds that the slow one takes for a message; the other takes none.
PAUSE = 0.05


def slow(stage: Stage, notes: Notes) -> None:
    bodies = [f"{number:03}" for number in range(COUNT)]
    notes.do(f"{COUNT} messages; of two receivers and of two groups one takes {PAUSE * 1000:g} ms for each message")

    def work(receiver: int, body: str) -> None:
        time.sleep(PAUSE if receiver == 0 else 0)

    url = stage.queue("slow")
    send(stage.client, url, bodies)
    got = drain(stage.client, [url], receivers=2, total=COUNT, work=work, at_once=1)
    shares = Counter(one.receiver for one in got)
    notes.sqs(
        f"the slow receiver took {shares[0]} of {COUNT}, the other the remaining {shares[1]}: they share the load",
        held=shares[0] < shares[1],
    )

    topic = stage.topic("slow", partitions=2)
    groups = [stage.group("slow-one"), stage.group("slow-other")]
    reading = run_members(
        stage, topic, groups=groups, partitions=2, total=COUNT, fill=lambda: spread(stage, topic, bodies), work=work
    )
    ends = [max(one.at for one in reading.got if one.receiver == member) for member in range(2)]
    behind = sum(one.receiver == 0 and one.at > ends[1] for one in reading.got)
    notes.kafka(
        f"when the other group had read all {COUNT}, the slow one still had {behind}: it hurts itself only",
        held=ends[1] < ends[0] and behind > 0,
    )
    # A topic of its own, filled when both are there: else the first of them reads what would be the other's.
    shared = stage.topic("slow-members", partitions=2)
    reading = run_members(
        stage,
        shared,
        groups=[stage.group("slow-members")] * 2,
        partitions=2,
        total=COUNT,
        fill=lambda: spread(stage, shared, bodies),
        work=work,
    )
    counts = Counter(one.receiver for one in reading.got)
    ends = [max(one.at for one in reading.got if one.receiver == member) for member in range(2)]
    notes.kafka(
        f"within one group the slow member kept its half ({counts[0]} of {COUNT}) and the other was done"
        f" {ends[0] - ends[1]:.1f} s earlier: a partition is not shared",
        held=counts[0] == COUNT // 2 and ends[1] < ends[0],
    )

    broken = stage.queue("broken", VisibilityTimeout=1)
    send(stage.client, broken, ["order-17"])
    take_all(stage.client, broken, 1)
    meanwhile = take(stage.client, broken)
    back = take_all(stage.client, broken, 1)
    notes.sqs(
        "a receiver that takes and never deletes holds a message up for one visibility timeout, then another has it",
        held=len(back or meanwhile) == 1,
    )
    notes.table(
        "Handled by the slow one and by the other",
        ("", "slow", "other"),
        (
            ("receivers of the queue", shares[0], shares[1]),
            ("groups of the topic", COUNT, COUNT),
            ("members of one group", counts[0], counts[1]),
        ),
    )
    notes.build("Kafka: enough members, and polls that bring no more than a member can handle in time")


def spread(stage: Stage, topic: str, bodies: list[str]) -> None:
    for partition in range(2):
        produce(stage.producer, topic, bodies[partition::2], partition=partition)
