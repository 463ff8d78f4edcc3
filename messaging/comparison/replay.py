"""Reading the past: from the start, and from a moment on."""

from __future__ import annotations

import time

from kafka import TopicPartition

from .notes import Notes
from .queues import delete, send, take, take_all
from .stage import Stage
from .topics import join, produce, read, reader

HALF = 20


def replay(stage: Stage, notes: Notes) -> None:
    early = [f"morning {number}" for number in range(HALF)]
    late = [f"evening {number}" for number in range(HALF)]
    notes.do(f"{HALF} messages, a moment's pause, {HALF} more; all handled; then somebody new wants them")
    url = stage.queue("replay")
    send(stage.client, url, early + late)
    delete(stage.client, url, take_all(stage.client, url, 2 * HALF))
    new = take(stage.client, url, wait=1)
    notes.sqs(f"the new receiver found {len(new)} messages", held=not new)

    topic = stage.topic("replay")
    produce(stage.producer, topic, early)
    # Kafka tells times apart by the millisecond.
    time.sleep(0.01)
    between = time.time_ns() // 1_000_000
    time.sleep(0.01)
    produce(stage.producer, topic, late)
    bodies = []
    for name in ("first", "second"):
        consumer = stage.consumer(group=stage.group(f"replay-{name}"))
        join(consumer, topic)
        bodies.append([record.value.decode() for record in read(consumer, 2 * HALF)])
        consumer.commit()
        stage.leave(consumer)
    notes.kafka(
        f"a group that was made after the first had read all read {len(bodies[1])}, from the start",
        held=bodies[0] == bodies[1] == early + late,
    )
    by_time = reader(stage, topic)
    part = TopicPartition(topic, 0)
    by_time.seek(part, by_time.offsets_for_times({part: between})[part].offset)
    since = [record.value.decode() for record in read(by_time, HALF)]
    notes.kafka(f"a reader that asked for the time of the pause read {len(since)}, from there on", held=since == late)
    notes.build("SQS: a copy of every message somewhere else, and a program that sends it again to the new reader only")
    notes.build("Kafka: readers that bear a repeat, and read models that can be built beside the live one (`replay`)")
