"""Waiting until what was committed at one moment has gone its whole way, without stopping anything."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import TopicPartition

from messaging import kafka
from messaging.models import Generation, OutboxRow, StoredOffset
from messaging.names import full_topic
from orders.events import TOPIC

from .money import under_way


def settle(*, within: float, final: bool = False) -> bool:
    """Wait until every outbox row of now is sent and every group has applied all that Kafka holds then.

    `final` also waits for the payments of orders that have ended, which tell of themselves.
    False when `within` wall seconds pass first; the checks then name what is still on its way.
    """
    deadline = time.monotonic() + within
    if final and not _until(lambda: not under_way(), deadline):
        return False
    newest = OutboxRow.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None and not _until(lambda: not OutboxRow.objects.filter(pk__lte=newest).exists(), deadline):
        return False
    ends = end_offsets()
    return _until(lambda: all(_applied(partition, end) for partition, end in ends.items()), deadline)


def end_offsets(topic: str = TOPIC) -> dict[int, int]:
    """The present end of each partition of a topic."""
    consumer = kafka.consumer()
    try:
        name = full_topic(topic)
        partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
        return {partition.partition: end for partition, end in consumer.end_offsets(partitions).items()}
    finally:
        kafka.close_quietly(consumer)


def _applied(partition: int, end: int) -> bool:
    """Whether every live group that reads the topic stands at or past the offset."""
    if end == 0:
        return True
    live = dict(Generation.objects.filter(state=Generation.State.LIVE).values_list("group", "number"))
    stored = StoredOffset.objects.filter(topic__in=[TOPIC, full_topic(TOPIC)], partition=partition)
    positions = [
        position
        for group, generation, position in stored.values_list("group", "generation", "position")
        if live.get(group) == generation
    ]
    return bool(positions) and min(positions) >= end


def _until(condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
