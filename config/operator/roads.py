"""How the two roads are doing: what waits in the outbox, in the queues and before each consumer group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q
from django.db.models.functions import Now

from config.live.reader import ends
from messaging.models import Generation, OutboxRow, ParkedRecord, Road, StoredOffset
from messaging.names import full_topic
from messaging.sqs.client import QueueMissing, new_client
from messaging.topology import DEAD, queue_url, queues


@dataclass(frozen=True, slots=True)
class Backlog:
    road: str
    waiting: int
    failing: int
    oldest: timedelta | None


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages by SQS's own approximate counts; None where the server does not answer."""

    name: str
    work: str
    visible: int | None
    in_flight: int | None
    dead: int | None


@dataclass(frozen=True, slots=True)
class GroupLag:
    """`lag` in events, over all partitions; None until this process has read the ends of the topics."""

    group: str
    generation: int
    applied: int
    lag: int | None
    parked: int


def outbox_backlog() -> list[Backlog]:
    """Rows that wait, by road: rows of a healthy relay live for milliseconds."""
    age = ExpressionWrapper(Now() - F("recorded_at"), output_field=DurationField())
    rows = OutboxRow.objects.values("road").annotate(
        waiting=Count("id"), failing=Count("id", filter=Q(attempts__gt=0)), oldest=Max(age)
    )
    found = {row["road"]: row for row in rows}
    empty = {"waiting": 0, "failing": 0, "oldest": None}
    return [Backlog(label, **{name: found.get(road, empty)[name] for name in empty}) for road, label in Road.choices]


def queue_depths() -> list[QueueDepth]:
    """One short question a queue; a server that is away is shown as such, and waited for once, not for every queue."""
    client = new_client(read_timeout=2, attempts=1)
    away = False

    def depth(name: str) -> tuple[int | None, int | None]:
        nonlocal away
        if away:
            return None, None
        try:
            answer = client.get_queue_attributes(
                QueueUrl=queue_url(name),
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
        except (BotoCoreError, ClientError, QueueMissing, ConnectionError) as error:
            away = isinstance(error, BotoCoreError | ConnectionError)
            return None, None
        return (
            int(answer["ApproximateNumberOfMessages"]),
            int(answer["ApproximateNumberOfMessagesNotVisible"]),
        )

    return [
        QueueDepth(queue.name, queue.work, *depth(queue.name), dead=depth(queue.name + DEAD)[0]) for queue in queues()
    ]


def consumer_lag() -> list[GroupLag]:
    """What each group's live generation has still to apply, against the ends this process's live reader has seen."""
    live = dict(Generation.objects.filter(state=Generation.State.LIVE).values_list("group", "number"))
    parked = dict(ParkedRecord.objects.values_list("group").annotate(Count("id")))
    lags = dict.fromkeys(live, 0)
    applied = dict.fromkeys(live, 0)
    for offset in StoredOffset.objects.all():
        if live.get(offset.group) != offset.generation:
            continue
        applied[offset.group] += offset.events_applied
        # Stored under the plain name of the topic, or under the broker's.
        end = ends.get((offset.topic, offset.partition), ends.get((full_topic(offset.topic), offset.partition)))
        lags[offset.group] += max(0, (end or 0) - offset.position)
    return [
        GroupLag(group, number, applied[group], lags[group] if ends else None, parked.get(group, 0))
        for group, number in sorted(live.items())
    ]
