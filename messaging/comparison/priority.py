"""An urgent message behind many that are not."""

from __future__ import annotations

from kafka import TopicPartition

from .notes import Notes
from .queues import drain, send
from .stage import Stage
from .topics import produce, read, reader

COUNT = 10
USUAL = [f"usual {number}" for number in range(COUNT)]
URGENT = [f"urgent {number}" for number in range(COUNT)]


def urgent_first(bodies: list[str]) -> int:
    """How many urgent ones came before the first usual one."""
    for place, body in enumerate(bodies):
        if body.startswith("usual"):
            return place
    return len(bodies)


def priority(stage: Stage, notes: Notes) -> None:
    notes.do(f"{COUNT} usual messages, then {COUNT} urgent ones: in one place, and in two of which one is asked first")
    one = stage.queue("priority")
    send(stage.client, one, USUAL + URGENT)
    mixed = [got.body for got in drain(stage.client, [one], receivers=1, total=2 * COUNT, at_once=1)]
    notes.sqs(f"one queue: {urgent_first(mixed)} urgent ones came first; it knows no priority", held=mixed[0] in USUAL)
    urgent, usual = stage.queue("priority-urgent"), stage.queue("priority-usual")
    send(stage.client, usual, USUAL)
    send(stage.client, urgent, URGENT)
    apart = [got.body for got in drain(stage.client, [urgent, usual], receivers=1, total=2 * COUNT, at_once=1)]
    notes.sqs(
        f"built by hand, two queues, the urgent one asked first: {urgent_first(apart)} of {COUNT} came first",
        held=urgent_first(apart) == COUNT,
    )

    topic = stage.topic("priority", partitions=2)
    part = [TopicPartition(topic, number) for number in range(2)]
    produce(stage.producer, topic, USUAL, partition=0)
    produce(stage.producer, topic, URGENT, partition=0)
    straight = [record.value.decode() for record in read(reader(stage, topic), 2 * COUNT)]
    notes.kafka(
        f"one partition: {urgent_first(straight)} urgent ones came first; offsets are the order",
        held=straight == USUAL + URGENT,
    )
    produce(stage.producer, topic, URGENT, partition=1)
    consumer = stage.consumer(max_poll_records=1)
    consumer.assign(part)
    consumer.seek_to_beginning()
    # The usual partition rests for as long as the urgent one has something.
    consumer.pause(part[0])
    handled = [record.value.decode() for record in read(consumer, COUNT)]
    consumer.resume(part[0])
    handled += [record.value.decode() for record in read(consumer, COUNT)][:COUNT]
    notes.kafka(
        f"built by hand, an urgent partition, the other paused: {urgent_first(handled)} of {COUNT} came first",
        held=urgent_first(handled) == COUNT,
    )
    notes.build("on both sides: two of them, and a receiver that asks the urgent one first; and a share for the others")
