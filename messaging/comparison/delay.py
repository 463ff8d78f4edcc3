"""A message that is to come later."""

from __future__ import annotations

import time

from kafka import TopicPartition

from .notes import Notes
from .queues import send, take, take_all
from .sources import DELAY
from .stage import Stage
from .topics import produce, reader

#: Seconds.
LATER = 1


def delay(stage: Stage, notes: Notes) -> None:
    notes.do(f"one message that is to be handled in {LATER} s, and one behind it that is due now")
    url = stage.queue("delay")
    began = time.monotonic()
    send(stage.client, url, ["later"], delay=LATER)
    send(stage.client, url, ["now"])
    [first] = take_all(stage.client, url, 1)
    early = time.monotonic() - began
    [second] = take_all(stage.client, url, 1)
    waited = time.monotonic() - began
    slow = early >= LATER
    notes.sqs(
        f"the one due now came after {early * 1000:.0f} ms, the other after {waited:.1f} s, by the queue itself",
        held=(first.body, second.body) == ("now", "later") or slow,
    )
    notes.sqs("it was not early", held=slow or waited >= LATER * 0.95)
    gone = take(stage.client, url)
    notes.sqs("and came once", held=not gone)

    topic = stage.topic("delay")
    due_at = time.monotonic() + LATER
    produce(stage.producer, topic, ["later", "now"])
    arrived, handled = hold(stage, topic, due_at)
    notes.kafka(
        f"the topic delivered the later one at once, after {arrived * 1000:.0f} ms: it knows no delay", held=True
    )
    notes.kafka(
        "built by hand: a reader that pauses its partition until the record is due; what stands behind it waits too,"
        f" {handled['now']:.1f} s though it was due at once",
        held=handled["now"] >= handled["later"],
    )
    notes.build("SQS: more than 15 minutes; a row with a deadline and a sweeper that looks (here: offers' deadlines)")
    notes.build("Kafka: a topic for each delay (1 min, 10 min, …), so that what waits stands behind its like only")
    notes.cite(DELAY)


def hold(stage: Stage, topic: str, due_at: float) -> tuple[float, dict[str, float]]:
    """Seconds until the first record arrived, and until each was handled by a reader that keeps to the due time."""
    began = time.monotonic()
    consumer, part = reader(stage, topic, max_poll_records=1), TopicPartition(topic, 0)
    arrived, handled = 0.0, dict[str, float]()
    while len(handled) < 2 and time.monotonic() - began < 30:
        for record in consumer.poll(timeout_ms=20).get(part, []):
            arrived = arrived or time.monotonic() - began
            body = record.value.decode()
            if body == "later" and time.monotonic() < due_at:
                # Polling goes on meanwhile, or the group would take this member for dead.
                consumer.pause(part)
                consumer.seek(part, record.offset)
                break
            handled[body] = time.monotonic() - began
        if consumer.paused() and time.monotonic() >= due_at:
            consumer.resume(part)
    return arrived, handled
