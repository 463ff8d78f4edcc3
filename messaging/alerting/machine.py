"""Watches over the machine: groups that fall behind, commands that are given up, workers that are not there."""

from __future__ import annotations

from time import monotonic
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import connection
from django.db.models import Count

from messaging.consuming.lag import ends_of
from messaging.models import DeadLetter, Generation, StoredOffset
from messaging.names import QUEUES
from messaging.sqs.client import QueueMissing, new_client, queue_url

from .watching import keep

CONSUMER_LAG, DEAD_LETTERS, WORKER_GONE = "consumer_lag", "dead_letters", "worker_gone"

#: Wall seconds in which a group that has events before it must apply one, and a queue's worker take a message.
STILL = 60.0
#: Runs of commands that are looked at, the newest.
RUNS = 5000

TAKEN = """
    SELECT DISTINCT queue FROM (SELECT queue, started_at FROM messaging_taskrun ORDER BY id DESC LIMIT %s) AS run
    WHERE started_at > clock_timestamp() - %s * interval '1 second'
"""


class Patience:
    """Since when something has been so, by key; what is not so any more is forgotten."""

    def __init__(self) -> None:
        self._since: dict[object, tuple[object, float]] = {}

    def seconds(self, key: object, state: object) -> float:
        """Wall seconds for which this key has been in this state, as far as this process has looked."""
        now = monotonic()
        known = self._since.get(key)
        if known is None or known[0] != state:
            self._since[key] = (state, now)
            return 0.0
        return now - known[1]

    def forget(self, key: object) -> None:
        self._since.pop(key, None)


_groups, _queues = Patience(), Patience()


def watch_lag() -> int:
    """Incidents of groups that have very much before them, or something and apply nothing; by group."""
    live = dict(Generation.objects.filter(state=Generation.State.LIVE).values_list("group", "number"))
    before: dict[str, int] = {}
    applied: dict[str, int] = {}
    for offset in StoredOffset.objects.all():
        if live.get(offset.group) != offset.generation:
            continue
        ends = ends_of(offset.topic)
        if ends is None:
            return 0  # Kafka is silent: nothing is known, so nothing is over.
        lag = max(0, ends.get(offset.partition, 0) - offset.position)
        before[offset.group] = before.get(offset.group, 0) + lag
        applied[offset.group] = applied.get(offset.group, 0) + offset.position
    found = {}
    for group, lag in before.items():
        if lag == 0:
            _groups.forget(group)
        elif lag > settings.LAG_LIMIT:
            found[group] = f"Group {group} has {lag} events before it. Is another consumer of it needed?"
        elif (still := _groups.seconds(group, applied[group])) > STILL:
            found[group] = f"Group {group} has {lag} events before it and applied none for {still:.0f} s. Does it run?"
    return keep(CONSUMER_LAG, found)


def watch_dead_letters() -> int:
    """Incidents of queues whose commands were given up and nobody has settled; by queue."""
    open_letters = DeadLetter.objects.filter(road="sqs", state=DeadLetter.State.OPEN)
    counted = open_letters.values_list("source").annotate(Count("id")).order_by()
    return keep(
        DEAD_LETTERS,
        {
            source: f"{count} commands of {source} failed until nobody tries them any more. Redrive or discard them."
            for source, count in counted
        },
    )


def watch_workers() -> int:
    """Incidents of queues where messages wait and nobody takes any; by queue."""
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, [RUNS, STILL])
        taken = {row[0] for row in cursor.fetchall()}
    found = {}
    for queue in sorted(set(QUEUES.values())):
        waiting = _waiting(queue)
        if waiting is None:
            return 0  # SQS is silent: that is the outbox's incident.
        if not waiting or queue in taken:
            _queues.forget(queue)
        elif (still := _queues.seconds(queue, True)) > STILL:
            found[queue] = (
                f"{waiting} commands wait on {queue}, and no worker took one for {still:.0f} s. Does one run?"
            )
    return keep(WORKER_GONE, found)


_client: Any = None


def _waiting(queue: str) -> int | None:
    """Messages that no worker holds; None where the server does not answer."""
    global _client
    name: Any = "ApproximateNumberOfMessages"
    try:
        if _client is None:
            _client = new_client(read_timeout=3, attempts=1)
        answer = _client.get_queue_attributes(QueueUrl=queue_url(queue), AttributeNames=[name])
    except (BotoCoreError, ClientError, QueueMissing, ConnectionError):
        return None
    return int(answer["Attributes"][name])
