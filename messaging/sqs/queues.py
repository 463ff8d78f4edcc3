"""Making SQS's queues what the topology declares, with calls that Amazon's and other servers allow alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from messaging.names import full_queue
from messaging.topology import DEAD, FOURTEEN_DAYS, Change, Queue

from .client import code_of, is_missing, shared_client

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: How long (seconds) the drainer has for a dead letter before another drainer may take it.
DEAD_VISIBILITY = 30


def align_queues(queues: Iterable[Queue], *, change: bool) -> Iterator[Change]:
    """Create what is missing and correct what differs, a dead-letter queue before the queue that points to it."""
    client = shared_client()
    for queue in queues:
        dead = queue.name + DEAD
        yield from _align(
            client,
            dead,
            {"VisibilityTimeout": str(DEAD_VISIBILITY), "MessageRetentionPeriod": str(FOURTEEN_DAYS)},
            change=change,
        )
        attributes = {
            "VisibilityTimeout": str(queue.visibility_seconds),
            "MessageRetentionPeriod": str(queue.retention_seconds),
        }
        if arn := _arn(client, dead):
            attributes["RedrivePolicy"] = json.dumps(
                {"deadLetterTargetArn": arn, "maxReceiveCount": queue.max_receives}
            )
        yield from _align(client, queue.name, attributes, change=change)


def _align(client: SQSClient, queue: str, wanted: dict[str, str], *, change: bool) -> Iterator[Change]:
    name = full_queue(queue)
    url = _find(client, name)
    if url is None:
        if change:
            try:
                client.create_queue(QueueName=name, Attributes=wanted)  # type: ignore[arg-type]
            except ClientError as error:
                # Made by somebody else since we looked, with other attributes: those are corrected below.
                if code_of(error) not in ("QueueNameExists", "QueueAlreadyExists"):
                    raise
                url = client.get_queue_url(QueueName=name)["QueueUrl"]
        yield Change("queue", name, "create", applied=change)
        if url is None:
            return
    present: Any = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
    # An attribute that the server does not report cannot have drifted (ElasticMQ: the retention period).
    different = {key: value for key, value in wanted.items() if key in present and not _same(present[key], value)}
    if "RedrivePolicy" in wanted and "RedrivePolicy" not in present:
        different["RedrivePolicy"] = wanted["RedrivePolicy"]
    if different:
        if change:
            client.set_queue_attributes(QueueUrl=url, Attributes=different)  # type: ignore[arg-type]
        for key, value in different.items():
            yield Change("queue", name, f"{key}: {present.get(key)} → {value}", applied=change)


def _find(client: SQSClient, name: str) -> str | None:
    try:
        return client.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def _arn(client: SQSClient, queue: str) -> str | None:
    """None only when queues are compared before they were ever made."""
    url = _find(client, full_queue(queue))
    if url is None:
        return None
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _same(present: str, wanted: str) -> bool:
    """Servers write the same policy with other spaces, and the count as text or as a number."""
    if not wanted.startswith("{"):
        return present == wanted
    left, right = json.loads(present), json.loads(wanted)
    return {key: str(value) for key, value in left.items()} == {key: str(value) for key, value in right.items()}
