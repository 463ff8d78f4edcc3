"""Copying SQS's dead-letter queues into the table, where they are kept longer than SQS keeps anything."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.db import transaction

from messaging.models import DeadLetter, TaskRun
from messaging.names import QUEUES
from messaging.sqs.client import QueueMissing, queue_url, shared_client
from messaging.sqs.settling import BATCH
from messaging.topology import DEAD

from .reading import read

logger = logging.getLogger(__name__)


def drain_dead_letter_queues(*, queues: Iterable[str] = tuple(sorted(set(QUEUES.values())))) -> int:
    """Move what is in the dead-letter queues of these queues into the table; returns how many are new there.

    Call it outside a transaction (RuntimeError otherwise), as often as you like. A queue that cannot be reached is
    left for the next time.
    """
    new = 0
    for queue in queues:
        try:
            new += _drain(queue)
        except (QueueMissing, BotoCoreError, ClientError, OSError) as error:
            logger.warning("the dead letters of %s could not be fetched: %s", queue, error)
    return new


def _drain(queue: str) -> int:
    url = queue_url(queue + DEAD)
    client = shared_client()
    new = 0
    while messages := client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=0, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        rows = [_row(queue, message) for message in messages]
        present = set(
            DeadLetter.objects.filter(
                road="sqs", source=queue, message_id__in=[row.message_id for row in rows]
            ).values_list("message_id", flat=True)
        )
        # The unique index, not the look above, decides: killed before the delete below, we meet our own rows again.
        with transaction.atomic(durable=True):
            DeadLetter.objects.bulk_create(rows, ignore_conflicts=True)
        new += sum(row.message_id not in present for row in rows)
        answer = client.delete_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(messages)],
        )
        for failed in answer.get("Failed", []):
            logger.warning("a dead letter of %s stays on its queue for now: %s", queue, failed.get("Code"))
    return new


def _row(queue: str, message: Any) -> DeadLetter:
    reading = read(message["Body"])
    last = _last_run(reading.task_id)
    return DeadLetter(
        road="sqs",
        source=queue,
        message_id=message["MessageId"],
        type=reading.task,
        key=reading.key,
        headers=reading.headers,
        body=message["Body"].encode(),
        # What the queue counted: the dead-letter queue counts on from there, our own receive included.
        receive_count=max(0, int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)) - 1),
        error=reading.fault or (last.error if last else "") or "no run of this command was recorded",
    )


def _last_run(task_id: str) -> TaskRun | None:
    try:
        parsed = uuid.UUID(task_id)
    except ValueError:
        return None
    return TaskRun.objects.filter(task_id=parsed).order_by("-id").first()
