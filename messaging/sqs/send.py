"""Putting commands on their queues: outbox rows as Celery would have published them, ten to a call."""

from __future__ import annotations

import base64
import itertools
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from messaging.relay.sending import Result, Row

from .calls import Message, gather
from .client import QueueMissing, code_of, new_client, queue_url
from .reach import BATCH

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: SQS's limit for one message and for one batch alike.
MAX_BYTES = 1024 * 1024
#: What SQS says about a message that it will never take.
REFUSED = frozenset({"InvalidMessageContents", "MessageTooLong", "BatchRequestTooLong", "InvalidParameterValue"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message's body, its first row, and the rows that it stands for beside that one."""

    row: Row
    body: str
    also: Sequence[Row] = ()

    def results(self, *, ok: bool, error: str = "", permanent: bool = False) -> list[Result]:
        """What became of the message became of each of its rows."""
        return [Result(row.id, ok=ok, error=error, permanent=permanent) for row in (self.row, *self.also)]


def message_body(
    *,
    task: str,
    task_id: str,
    kwargs: dict[str, Any],
    queue: str,
    headers: dict[str, Any] | None = None,
) -> str:
    """A command in Celery's protocol 2, wrapped as kombu's SQS transport wraps it."""
    made = _amqp().as_task_v2(task_id, task, (), kwargs, origin="forkroad-relay", ignore_result=True)
    envelope = {
        "body": base64.b64encode(json.dumps(made.body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": made.headers | (headers or {}),
        "properties": made.properties
        | {
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return base64.b64encode(json.dumps(envelope).encode()).decode()


class CommandSender:
    """Sends rows of the SQS road."""

    def send(self, rows: Sequence[Row], /) -> list[Result]:
        """Send rows in their order and say of each what became of it; a row is ok only when SQS gave it an id."""
        by_queue: dict[str, list[Prepared]] = defaultdict(list)
        messages, results = gather(rows)
        for message in messages:
            entry = _prepare(message)
            if len(entry.body) > MAX_BYTES:
                error = f"{entry.row.type} of {entry.row.key} has {len(entry.body)} bytes, above SQS's {MAX_BYTES}"
                results += entry.results(ok=False, error=error, permanent=True)
            else:
                by_queue[entry.row.destination].append(entry)
        for queue, prepared in by_queue.items():
            try:
                url = queue_url(queue)
            except (QueueMissing, BotoCoreError, ClientError, OSError) as failure:
                for entry in prepared:
                    results += entry.results(ok=False, error=str(failure))
                continue
            for batch in batches(prepared):
                results += self._send_batch(url, batch)
        return results

    def _send_batch(self, url: str, batch: list[Prepared]) -> list[Result]:
        entries: list[Any] = [
            {"Id": str(i), "MessageBody": entry.body, "DelaySeconds": entry.row.delay_seconds}
            for i, entry in enumerate(batch)
        ]
        try:
            answer = _client(settings.SQS_ENDPOINT_URL).send_message_batch(QueueUrl=url, Entries=entries)
        except ClientError as error:
            refused = code_of(error) in REFUSED
            if refused and len(batch) > 1:
                # Refused as a whole because of one of them: find out which.
                return _all(self._send_batch(url, [entry]) for entry in batch)
            return _all(entry.results(ok=False, error=str(error), permanent=refused) for entry in batch)
        except (BotoCoreError, OSError) as error:
            return _all(entry.results(ok=False, error=str(error)) for entry in batch)
        sent = {done["Id"] for done in answer.get("Successful", [])}
        # The call answers 200 even when none of its entries was taken.
        failed: dict[str, Any] = {entry["Id"]: entry for entry in answer.get("Failed", [])}
        return _all(_results(entry, str(i) in sent, failed.get(str(i))) for i, entry in enumerate(batch))


def batches(prepared: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Split into what one call may carry: at most ten messages and MAX_BYTES together."""
    batch: list[Prepared] = []
    size = 0
    for entry in prepared:
        if batch and (len(batch) == BATCH or size + len(entry.body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.body)
    if batch:
        yield batch


def _results(entry: Prepared, sent: bool, failed: dict[str, Any] | None) -> list[Result]:
    if sent:
        return entry.results(ok=True)
    if failed is None:
        return entry.results(ok=False, error="SQS did not answer for this message")
    # A missing permission is called the sender's fault as well, but is mended without touching the message.
    permanent = failed.get("Code") in REFUSED
    return entry.results(ok=False, error=f"{failed.get('Code')}: {failed.get('Message', '')}", permanent=permanent)


def _all(results: Iterable[list[Result]]) -> list[Result]:
    return list(itertools.chain.from_iterable(results))


def _prepare(message: Message) -> Prepared:
    row = message.row
    body = message_body(
        task=row.type, task_id=row.message_id, kwargs=message.kwargs, queue=row.destination, headers=message.headers()
    )
    return Prepared(row, body, tuple(message.rows[1:]))


@cache
def _client(endpoint: str) -> SQSClient:
    """The process's own for an endpoint: to make one takes longer than to send a batch, and a relay whose session has
    ended makes a new sender. One attempt a call: the relay has its own waits.
    """
    return new_client(attempts=1)


@cache
def _amqp() -> Any:
    from config.celery import app

    return app.amqp
