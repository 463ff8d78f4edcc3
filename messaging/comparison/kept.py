"""How long each keeps what it was given, and what is left of a message that was handled."""

from __future__ import annotations

from kafka.admin import ConfigResource, ConfigResourceType

from messaging.topology import queues as declared_queues
from messaging.topology import topics as declared_topics

from .notes import Notes
from .queues import delete, send, take, take_all
from .sources import RETENTION
from .stage import Stage
from .topics import join, produce, read

BODIES = [f"fact {number}" for number in range(1, 6)]
#: Seconds; the least that SQS admits.
SHORTEST = 60


def kept(stage: Stage, notes: Notes) -> None:
    notes.do(f"{len(BODIES)} messages into each, handled, and asked for again")
    notes.table(
        "What this project declares",
        ("", "kept for"),
        [(f"queue {queue.name}", days(queue.retention_seconds * 1000)) for queue in declared_queues()]
        + [(f"topic {topic.name}", days(topic.retention_ms)) for topic in declared_topics()],
    )
    url = stage.queue("kept", MessageRetentionPeriod=SHORTEST)
    send(stage.client, url, BODIES)
    messages = take_all(stage.client, url, len(BODIES))
    delete(stage.client, url, messages)
    left = take(stage.client, url, wait=1)
    notes.sqs(
        f"{len(messages)} received and deleted; asked again: {len(left)}",
        held=len(messages) == len(BODIES) and not left,
    )
    attributes = stage.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    reported = attributes.get("MessageRetentionPeriod")
    if reported is None:
        notes.limit(
            f"A queue was asked to keep messages for {SHORTEST} s. This server does not report the setting, and"
            " does not act on it; Amazon's deletes what is older."
        )
    else:
        notes.sqs(f"a queue told to keep for {SHORTEST} s says {reported} s", held=int(reported) == SHORTEST)

    topic, group = stage.topic("kept", retention_ms="3600000"), stage.group("kept")
    produce(stage.producer, topic, BODIES)
    consumer = stage.consumer(group=group)
    join(consumer, topic)
    once = [record.value.decode() for record in read(consumer, len(BODIES))]
    consumer.commit()
    consumer.seek_to_beginning()
    again = [record.value.decode() for record in read(consumer, len(BODIES))]
    stage.leave(consumer)
    notes.kafka(
        f"{len(once)} read and committed; back at offset 0 the same {len(again)} are read", held=once == again == BODIES
    )
    asked = stage.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    entry = next(iter(asked.values()))[topic]["retention.ms"]
    value = str(entry["value"] if isinstance(entry, dict) else entry)
    notes.kafka(f"the topic was told to keep for an hour and says {value} ms", held=value == "3600000")
    notes.limit("Kafka looks only every few minutes for what is too old, so its deleting is not waited for here.")
    notes.build("SQS: whoever wants the past must write it down as it comes (a table, a bucket)")
    notes.cite(RETENTION)


def days(milliseconds: int) -> str:
    """A retention in words."""
    if milliseconds < 0:
        return "for ever"
    whole = milliseconds // 86_400_000
    return f"{whole} day{'' if whole == 1 else 's'}"
