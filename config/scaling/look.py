"""How deep and how old a pool's queues are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.db import connection

from messaging.sqs.client import QueueMissing, new_client, queue_url

from .rule import Look

NAMES: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

#: Seconds of the past from which the rate of receiving is taken, and runs looked at for it.
PAST, RUNS = 5.0, 5000

# The newest by number, so that no index on the time is needed.
RECEIVED = """
    SELECT count(*) FROM (SELECT queue, started_at FROM messaging_taskrun ORDER BY id DESC LIMIT %s) AS run
    WHERE queue = ANY(%s) AND started_at > clock_timestamp() - %s * interval '1 second'
"""


class Gauge:
    """Looks at the queues of one pool.

    SQS does not tell how old its oldest message is (CloudWatch does, minutes later). It can be no older than the last
    moment at which nothing waited; and where messages are received at a known rate, the wait is near the depth divided
    by it. The lesser of the two is taken.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = list(queues)
        self._client = new_client(read_timeout=2, attempts=1)
        self._empty_at = time.monotonic()

    def look(self) -> Look | None:
        """None while the server does not answer. Raises django.db.DatabaseError."""
        waiting = in_work = 0
        try:
            for queue in self.queues:
                answer = self._client.get_queue_attributes(QueueUrl=queue_url(queue), AttributeNames=NAMES)
                waiting += int(answer["Attributes"]["ApproximateNumberOfMessages"])
                in_work += int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])
        except (BotoCoreError, ClientError, QueueMissing, ConnectionError):
            return None
        now = time.monotonic()
        if waiting == 0:
            self._empty_at = now
            return Look(0, in_work, 0.0)
        age = now - self._empty_at
        if rate := self.rate():
            age = min(age, waiting / rate)
        return Look(waiting, in_work, age)

    def rate(self) -> float:
        """Messages a second that workers received lately."""
        with connection.cursor() as cursor:
            cursor.execute(RECEIVED, [RUNS, self.queues, PAST])
            return float(cursor.fetchone()[0]) / PAST
