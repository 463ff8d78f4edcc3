"""Sending to a queue and receiving from it, as any worker would, with nothing in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: SQS takes and gives so many messages in one call at most.
BATCH = 10


@dataclass(frozen=True, slots=True)
class Message:
    """`count` is how often SQS has handed it out, this time included."""

    body: str
    handle: str
    count: int


@dataclass(frozen=True, slots=True)
class Got:
    """A message that was handled: by which receiver, and when (`time.monotonic()`)."""

    receiver: int
    body: str
    at: float


Work = Callable[[int, str], None]


def idle(receiver: int, body: str) -> None:
    """Handling that takes no time."""


def send(
    client: SQSClient,
    url: str,
    bodies: Sequence[str],
    *,
    group: Callable[[str], str] | None = None,
    once: Callable[[str], str] | None = None,
    delay: int = 0,
) -> None:
    """Send in batches; `group` and `once` give the group and deduplication ids of a FIFO queue.

    Raises:
        RuntimeError: SQS took some and refused others, which is no error of the call.
    """
    for start in range(0, len(bodies), BATCH):
        entries: list[Any] = []
        for number, body in enumerate(bodies[start : start + BATCH]):
            entry: dict[str, Any] = {"Id": str(number), "MessageBody": body}
            if delay:
                entry["DelaySeconds"] = delay
            if group:
                entry["MessageGroupId"] = group(body)
                entry["MessageDeduplicationId"] = once(body) if once else f"{start}-{number}"
            entries.append(entry)
        answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"SQS refused {len(answer['Failed'])} messages: {answer['Failed'][0]}")


def take(client: SQSClient, url: str, *, most: int = BATCH, wait: int = 0) -> list[Message]:
    """Receive up to `most`, waiting up to `wait` seconds for the first."""
    answer = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        WaitTimeSeconds=wait,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return [
        Message(one["Body"], one["ReceiptHandle"], int(one["Attributes"]["ApproximateReceiveCount"]))
        for one in answer.get("Messages", [])
    ]


def take_all(client: SQSClient, url: str, count: int, *, within: float = 30) -> list[Message]:
    """Receive until there are so many, or time is up."""
    found: list[Message] = []
    deadline = time.monotonic() + within
    while len(found) < count and time.monotonic() < deadline:
        found += take(client, url, wait=1)
    return found


def delete(client: SQSClient, url: str, messages: Sequence[Message]) -> None:
    for start in range(0, len(messages), BATCH):
        entries: list[Any] = [
            {"Id": str(number), "ReceiptHandle": one.handle}
            for number, one in enumerate(messages[start : start + BATCH])
        ]
        client.delete_message_batch(QueueUrl=url, Entries=entries)


def give_back(client: SQSClient, url: str, message: Message) -> None:
    """Let it be received again at once."""
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=message.handle, VisibilityTimeout=0)


def drain(
    client: SQSClient,
    urls: Sequence[str],
    *,
    receivers: int,
    total: int,
    work: Work = idle,
    at_once: int = BATCH,
    within: float = 60,
) -> list[Got]:
    """So many threads receive, handle and delete until `total` different bodies are handled; in order of handling.

    A receiver asks its queues in their order and takes from the first that has something.
    """
    got: list[Got] = []
    bodies: set[str] = set()
    done = threading.Event()
    faults: list[BaseException] = []
    deadline = time.monotonic() + within

    def receive(receiver: int) -> None:
        try:
            while not done.is_set() and time.monotonic() < deadline:
                for place, url in enumerate(urls):
                    last = place == len(urls) - 1
                    if messages := take(client, url, most=at_once, wait=1 if last else 0):
                        for message in messages:
                            work(receiver, message.body)
                            got.append(Got(receiver, message.body, time.monotonic()))
                            bodies.add(message.body)
                        delete(client, url, messages)
                        break
                if len(bodies) >= total:
                    done.set()
        except Exception as error:
            faults.append(error)
            done.set()

    threads = [
        threading.Thread(target=receive, args=(number,), name=f"receiver-{number}") for number in range(receivers)
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        # Broken off from outside, each still waits for its poll.
        done.set()
        for thread in threads:
            thread.join()
    if faults:
        raise faults[0]
    return sorted(got, key=lambda one: one.at)
