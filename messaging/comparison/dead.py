"""One message that nobody can handle."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import TopicPartition

from .notes import Notes
from .queues import delete, give_back, send, take, take_all
from .stage import Stage
from .topics import produce, read, reader

BODIES = ["soup", "cake", "poison", "bread", "tea"]
GOOD = [body for body in BODIES if body != "poison"]
LIMIT = 3


def handle(body: str) -> None:
    if body == "poison":
        raise ValueError("cannot be handled")


def dead(stage: Stage, notes: Notes) -> None:
    notes.do(f"{len(BODIES)} messages, one of which always fails; {LIMIT} attempts each")
    url = stage.queue("dead", dead_after=LIMIT, VisibilityTimeout=30)
    send(stage.client, url, BODIES)
    handled, attempts = work_off(stage, url)
    letters = take_all(stage.client, stage.dead_of("dead"), 1)
    notes.sqs(
        f"{len(handled)} were handled; after {attempts} attempts SQS moved the fifth to the dead-letter queue",
        held=sorted(handled) == sorted(GOOD) and [one.body for one in letters] == ["poison"],
    )
    for letter in letters:
        give_back(stage.client, stage.dead_of("dead"), letter)
    stage.client.start_message_move_task(SourceArn=stage.arn(stage.dead_of("dead")))
    again = take_all(stage.client, url, 1)
    notes.sqs("one call moved it back (StartMessageMoveTask)", held=[one.body for one in again] == ["poison"])

    topic, aside = stage.topic("dead"), stage.topic("dead-letters")
    produce(stage.producer, topic, BODIES)
    naive, tries = follow(stage, topic, at_limit=None)
    notes.kafka(
        f"a reader that goes back and tries again stood at offset {len(naive)} after {tries} attempts: what is behind"
        " waits",
        held=naive == BODIES[: BODIES.index("poison")],
    )
    careful, _ = follow(stage, topic, at_limit=lambda body: produce(stage.producer, aside, [body]))
    put_aside = [record.value.decode() for record in read(reader(stage, aside), 1)]
    notes.kafka(
        f"built by hand, a topic for dead letters: {len(careful)} handled, {len(put_aside)} set aside",
        held=careful == GOOD and put_aside == ["poison"],
    )
    notes.build("SQS: a way to look at them, to send one again, to set one aside (here: `dead_letters`)")
    notes.build("Kafka: all of it, and the parking of the same key's later records, or order is lost with the letter")


def work_off(stage: Stage, url: str) -> tuple[list[str], int]:
    """Bodies handled, and attempts on the one that fails."""
    handled, attempts = [], 0
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        messages = take(stage.client, url, wait=1)
        if not messages:
            break
        for message in messages:
            try:
                handle(message.body)
            except ValueError:
                attempts += 1
                give_back(stage.client, url, message)
            else:
                handled.append(message.body)
                delete(stage.client, url, [message])
    return handled, attempts


def follow(stage: Stage, topic: str, *, at_limit: Callable[[str], None] | None) -> tuple[list[str], int]:
    """Bodies handled in order, and attempts on the one that fails; without `at_limit` it stops there."""
    consumer, part = reader(stage, topic, max_poll_records=1), TopicPartition(topic, 0)
    handled, attempts = list[str](), 0
    deadline = time.monotonic() + 30
    while consumer.position(part) < len(BODIES) and time.monotonic() < deadline:
        for record in consumer.poll(timeout_ms=100).get(part, []):
            body = record.value.decode()
            try:
                handle(body)
            except ValueError:
                attempts += 1
                if attempts < LIMIT:
                    consumer.seek(part, record.offset)
                elif at_limit is None:
                    return handled, attempts
                else:
                    at_limit(body)
            else:
                handled.append(body)
    return handled, attempts
