"""Who gets a message: one receiver of a queue, every group of a topic."""

from __future__ import annotations

from collections import Counter

from .notes import Notes
from .queues import drain, send
from .sources import AT_LEAST_ONCE, SNS
from .stage import Stage
from .topics import produce, run_members

#: Receivers of the queue, and groups of the topic.
PARTIES = 4
#: Messages that the drawing follows, evenly picked: a receiver takes ten at a time.
DRAWN = 24


def who(stage: Stage, notes: Notes) -> None:
    count = stage.size.messages
    bodies = [f"{number:05}" for number in range(count)]
    notes.do(f"{count:,} messages into a queue with {PARTIES} receivers, and into a topic with {PARTIES} groups")

    url = stage.queue("who", VisibilityTimeout=60)
    send(stage.client, url, bodies)
    got = drain(stage.client, [url], receivers=PARTIES, total=count)
    takers: dict[str, list[int]] = {}
    for one in got:
        takers.setdefault(one.body, []).append(one.receiver)
    shares = Counter(one.receiver for one in got)
    once = sum(len(of) == 1 for of in takers.values())
    notes.sqs(f"{once:,} of {count:,} messages were seen by exactly one receiver", held=once == count)

    topic = stage.topic("who", partitions=PARTIES)
    groups = [stage.group(f"who-{number}") for number in range(1, PARTIES + 1)]
    reading = run_members(
        stage,
        topic,
        groups=groups,
        partitions=PARTIES,
        total=count,
        fill=lambda: produce(stage.producer, topic, bodies, key=lambda body: body),
        at_once=500,
    )
    seen = Counter(one.receiver for one in reading.got)
    everywhere = Counter(body for body, _ in {(one.body, one.receiver) for one in reading.got})
    by_all = sum(times == PARTIES for times in everywhere.values())
    notes.kafka(f"{by_all:,} of {count:,} messages were seen by all {PARTIES} groups", held=by_all == count)

    notes.table(
        "Who got how many",
        ("", *(f"no. {number + 1}" for number in range(PARTIES)), "together"),
        (
            ("receivers of the queue", *(shares[number] for number in range(PARTIES)), shares.total()),
            ("groups of the topic", *(seen[number] for number in range(PARTIES)), seen.total()),
        ),
    )
    picked = bodies[:: max(1, count // DRAWN)][:DRAWN]
    notes.drawing = {"parties": PARTIES, "takers": [takers[body][0] for body in picked if body in takers]}
    notes.build("SQS: a queue for every reader, and somebody who copies each message into all of them (SNS does)")
    notes.build("Kafka: nothing; readers of one group share the partitions, and each message goes to one of them")
    notes.limit("A standard queue may deliver a message twice; this server hardly ever does, Amazon's sometimes does.")
    notes.cite(AT_LEAST_ONCE, SNS)
