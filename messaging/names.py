"""Names of topics, queues and groups, with the namespace that lets two systems share the same servers."""

from __future__ import annotations

from django.conf import settings

#: A task's first name decides its queue.
QUEUES = {"payments": "payments", "delivery": "dispatch", "notices": "notices", "alerts": "alerts"}

#: Commands that only say that a key has work: those that wait for the same key travel as one (`messaging.sqs.calls`).
CALLS = frozenset({"delivery.dispatch_zone"})


def queue_of(task: str) -> str:
    """The plain name of the queue that carries a task.

    Raises:
        LookupError: no queue is declared for tasks of this name.
    """
    family = task.split(".", 1)[0]
    if family not in QUEUES:
        raise LookupError(f"no queue carries {task!r}: a task's name starts with one of {', '.join(QUEUES)}")
    return QUEUES[family]


def full_topic(topic: str) -> str:
    """The topic's name on the broker."""
    return f"{settings.FORKROAD_NAMESPACE}.{topic}" if settings.FORKROAD_NAMESPACE else topic


def full_queue(queue: str) -> str:
    """The queue's name on the SQS server; SQS allows letters, digits, hyphen and underscore only."""
    return f"{settings.FORKROAD_NAMESPACE}-{queue}" if settings.FORKROAD_NAMESPACE else f"forkroad-{queue}"


def full_group(group: str) -> str:
    """The consumer group's id on the broker."""
    return f"{settings.FORKROAD_NAMESPACE}.{group}" if settings.FORKROAD_NAMESPACE else f"forkroad.{group}"
