"""More receivers, more members: who still has something to do."""

from __future__ import annotations

import time

from .notes import Notes
from .queues import Work, drain, send
from .sources import IN_FLIGHT, STANDARD_RATE
from .stage import Stage
from .topics import produce, run_members

PARTIES = (1, 2, 4, 8)
PARTITIONS = 4


def scale(stage: Stage, notes: Notes) -> None:
    count, pause = stage.size.scaled, stage.size.work
    notes.do(
        f"{count} messages, each {pause * 1000:g} ms of waiting (as for another server), handled by 1, 2, 4 and 8"
        f" receivers of a queue, and members of a group on {PARTITIONS} partitions"
    )

    def work(receiver: int, body: str) -> None:
        time.sleep(pause)

    bodies = [f"{number:05}" for number in range(count)]
    receivers, busy = [], 0
    for parties in PARTIES:
        rate, busy = receive(stage, bodies, parties, work)
        receivers.append(rate)
    members, idle = [], []
    for parties in PARTIES:
        rate, without = read(stage, bodies, parties, work)
        members.append(rate)
        idle.append(without)
    notes.sqs(
        f"of 8 receivers {busy} had a share; 4 handled {receivers[2] / receivers[0]:.1f} × as much as one, 8"
        f" {receivers[3] / receivers[0]:.1f} ×",
        held=busy == PARTIES[-1] and max(receivers[1:]) > receivers[0],
    )
    notes.kafka(
        f"of 8 members {len(idle[-1])} had no partition and nothing to do: {', '.join(idle[-1])}",
        held=len(idle[-1]) == PARTIES[-1] - PARTITIONS and not any(idle[:-1]),
    )
    notes.kafka(
        f"4 members handled {members[2] / members[0]:.1f} × as much as one, 8 members {members[3] / members[0]:.1f} ×",
        held=max(members[1:]) > members[0],
    )
    notes.table(
        "Messages handled a second",
        ("", *map(str, PARTIES)),
        (
            ("receivers of the queue", *(round(rate) for rate in receivers)),
            (f"members on {PARTITIONS} partitions", *(round(rate) for rate in members)),
            ("of these idle", *(len(names) for names in idle)),
        ),
    )
    notes.drawing = {"parties": list(PARTIES), "receivers": receivers, "members": members}
    notes.build("SQS: nothing; start another worker (here a scaler does, by the queue's depth)")
    notes.build("Kafka: enough partitions on the day the topic is made; more later would send a key's events elsewhere")
    notes.limit("Threads of one process on this machine; docs/benchmarks.md, Scale, has processes and three brokers.")
    notes.limit("Amazon's own scaling, and millions of messages a second, cannot be reproduced here.")
    notes.cite(STANDARD_RATE, IN_FLIGHT)


def receive(stage: Stage, bodies: list[str], parties: int, work: Work) -> tuple[float, int]:
    """Messages a second, by so many receivers of a full queue, and how many of them had a share."""
    url = stage.queue(f"scale-{parties}")
    send(stage.client, url, bodies)
    began = time.monotonic()
    # Few at once, so that the last ones are not all in one hand.
    got = drain(stage.client, [url], receivers=parties, total=len(bodies), work=work, at_once=5)
    return len(bodies) / (got[-1].at - began), len({one.receiver for one in got})


def read(stage: Stage, bodies: list[str], parties: int, work: Work) -> tuple[float, list[str]]:
    """Messages a second, by so many members of a group, and the names of those without a partition."""
    topic, group = stage.topic(f"scale-{parties}", partitions=PARTITIONS), stage.group(f"scale-{parties}")
    began = 0.0

    def fill() -> None:
        nonlocal began
        began = time.monotonic()
        for partition in range(PARTITIONS):
            produce(stage.producer, topic, bodies[partition::PARTITIONS], partition=partition)

    reading = run_members(
        stage,
        topic,
        groups=[group] * parties,
        partitions=PARTITIONS,
        total=len(bodies),
        fill=fill,
        work=work,
    )
    idle = [f"member {number}" for number, parts in enumerate(reading.assigned, 1) if not parts]
    return len(bodies) / (reading.got[-1].at - began), idle
