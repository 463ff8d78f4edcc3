"""Throw-away queues, topics and groups on the real servers, gone when the play is over, however it ends."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from messaging import kafka
from messaging.names import full_group, full_queue, full_topic
from messaging.sqs.client import new_client

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

#: Seconds after which what a killed run left behind may be removed by another run.
LEFT_BEHIND = 3600


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played. Counts are messages; `work` (seconds) is what handling one costs where that matters."""

    messages: int
    ordered: int
    scaled: int
    timed: int
    poured: int
    work: float
    slow: float


FULL = Size(messages=1000, ordered=400, scaled=400, timed=40, poured=2000, work=0.01, slow=2.0)
#: Less of everything, for the page's button and for tests.
QUICK = Size(messages=200, ordered=120, scaled=120, timed=12, poured=400, work=0.01, slow=2.0)


class Stage:
    """Names begin with a token of this run, which also tells when it began."""

    def __init__(self, size: Size = FULL) -> None:
        self.size = size
        self.token = f"{int(time.time()):x}{secrets.token_hex(2)}"
        self._queues: list[str] = []
        self._topics: list[str] = []
        self._groups: list[str] = []
        self._consumers: list[KafkaConsumer] = []

    def __enter__(self) -> Stage:
        remove_leftovers(self.client, self.admin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()
        self.admin.close()

    @cached_property
    def client(self) -> SQSClient:
        """Shared by the threads of a statement."""
        return new_client(read_timeout=25)

    @cached_property
    def admin(self) -> KafkaAdminClient:
        return kafka.admin()

    @cached_property
    def producer(self) -> KafkaProducer:
        """Of the statement that is played."""
        return kafka.producer(linger_ms=0)

    def queue(self, name: str, *, fifo: bool = False, dead_after: int = 0, **attributes: int | str) -> str:
        """A new queue's address; with `dead_after`, what is received more often goes to `<name>-dead`."""
        values = {key: str(value) for key, value in attributes.items()}
        if fifo:
            values["FifoQueue"] = "true"
        if dead_after:
            dead = self.queue(f"{name}-dead", fifo=fifo)
            values["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": dead_after})
        full = full_queue(f"compare-{self.token}-{name}") + (".fifo" if fifo else "")
        # Noted first: a Ctrl-C that comes between must find it.
        self._queues.append(full)
        return self.client.create_queue(QueueName=full, Attributes=values)["QueueUrl"]  # type: ignore[arg-type]

    def dead_of(self, name: str) -> str:
        """The address of `<name>-dead`."""
        return self.client.get_queue_url(QueueName=full_queue(f"compare-{self.token}-{name}-dead"))["QueueUrl"]

    def arn(self, url: str) -> str:
        return self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def topic(self, name: str, *, partitions: int = 1, **configs: str) -> str:
        """A new topic's full name."""
        full = full_topic(f"compare.{self.token}.{name}")
        self._topics.append(full)
        plan: dict[str, Any] = {"num_partitions": partitions, "replication_factor": settings.KAFKA_REPLICATION_FACTOR}
        if configs:
            plan["configs"] = {key.replace("_", "."): value for key, value in configs.items()}
        self.admin.create_topics({full: plan}, wait_for_metadata=True)
        return full

    def group(self, name: str) -> str:
        """A new group's id."""
        full = full_group(f"compare.{self.token}.{name}")
        self._groups.append(full)
        return full

    def consumer(self, *, group: str | None = None, **changes: Any) -> KafkaConsumer:
        """A reader that begins at the start where its group has stored nothing, and learns of a rebalance soon."""
        values: dict[str, Any] = {"auto_offset_reset": "earliest", "fetch_max_wait_ms": 50, "metadata_max_age_ms": 1000}
        if group:
            values |= {"heartbeat_interval_ms": 200, "session_timeout_ms": 10_000}
        made = kafka.consumer(group=group, **(values | changes))
        self._consumers.append(made)
        return made

    def leave(self, consumer: KafkaConsumer) -> None:
        """Close a reader before the end."""
        self._consumers.remove(consumer)
        kafka.close_quietly(consumer)

    def clear(self) -> None:
        """Remove all that was made so far. What cannot be removed is told in the log, and left to a later run."""
        while self._consumers:
            kafka.close_quietly(self._consumers.pop())
        # It would go on asking after topics that are gone.
        if producer := self.__dict__.pop("producer", None):
            kafka.discard(producer)
        remove(self.client, self.admin, queues=self._queues, topics=self._topics, groups=self._groups)
        self._queues, self._topics, self._groups = [], [], []


def remove(
    client: SQSClient, admin: KafkaAdminClient, *, queues: Iterable[str], topics: Iterable[str], groups: Iterable[str]
) -> None:
    """Delete by full names; what is gone already is no fault."""
    for queue in queues:
        try:
            client.delete_queue(QueueUrl=client.get_queue_url(QueueName=queue)["QueueUrl"])
        except (BotoCoreError, ClientError) as error:
            logger.info("queue %s was not deleted: %s", queue, error)
    for topic in topics:
        try:
            admin.delete_topics([topic])
        except KafkaError as error:
            logger.info("topic %s was not deleted: %s", topic, error)
    if groups := list(groups):
        with contextlib.suppress(KafkaError):
            admin.delete_groups(groups)


def remove_leftovers(client: SQSClient, admin: KafkaAdminClient, *, older: float = LEFT_BEHIND) -> None:
    """Remove what runs that were killed (`kill -9`) left behind more than so many seconds ago."""
    urls = client.list_queues(QueueNamePrefix=full_queue("compare-"), MaxResults=1000).get("QueueUrls", [])
    queues = [url.rpartition("/")[2] for url in urls]
    topics = [name for name in admin.list_topics() if name.startswith(full_topic("compare."))]
    before = time.time() - older
    remove(
        client,
        admin,
        queues=[name for name in queues if began(name, full_queue("compare-")) < before],
        topics=[name for name in topics if began(name, full_topic("compare.")) < before],
        groups=[],
    )


def began(name: str, prefix: str) -> float:
    """When the run began (Unix time) to which a queue or topic belongs; far in the future where no run made it."""
    token = name.removeprefix(prefix)[:8]
    try:
        return float(int(token, 16))
    except ValueError:
        return float("inf")
