"""The same message sent twice."""

from __future__ import annotations

from .notes import Notes
from .queues import send, take_all
from .sources import FIFO
from .stage import Stage
from .topics import produce, read, reader


def dedup(stage: Stage, notes: Notes) -> None:
    notes.do("one message, sent twice by a sender that did not hear the first answer")
    standard = stage.queue("dedup")
    fifo = stage.queue("dedup", fifo=True)
    for _ in range(2):
        send(stage.client, standard, ["order-17"])
        send(stage.client, fifo, ["order-17"], group=str, once=str)
    loose = take_all(stage.client, standard, 2)
    # A second one would be handed out only after the first: it has to be deleted to see that there is none.
    strict = take_all(stage.client, fifo, 1)
    for message in strict:
        stage.client.delete_message(QueueUrl=fifo, ReceiptHandle=message.handle)
    strict += take_all(stage.client, fifo, 1, within=1)
    notes.sqs(f"standard queue: received {len(loose)} times", held=len(loose) == 2)
    notes.sqs(f"FIFO queue, same deduplication id: received {len(strict)} time", held=len(strict) == 1)

    topic = stage.topic("dedup")
    for _ in range(2):
        produce(stage.producer, topic, ["order-17"])
    records = read(reader(stage, topic), 2)
    notes.kafka(
        f"topic, idempotent producer: {len(records)} records; it drops its own retries, not a second send",
        held=len(records) == 2,
    )
    kept: set[str] = set()
    effects = 0
    for record in records:
        effects += record.value.decode() not in kept
        kept.add(record.value.decode())
    notes.kafka(f"built by hand, a reader that knows what it has seen: {effects} effect", held=effects == 1)
    notes.limit("The five minutes of a FIFO queue's memory are not waited for: after them it takes the message again.")
    notes.build("on both sides: an id, or a sequence for each key, that the reader remembers beside the effect")
    notes.cite(FIFO)
