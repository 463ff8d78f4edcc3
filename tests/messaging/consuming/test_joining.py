"""A group's only member, whose topic gets partitions while it reads, and who deals them out for longer than a poll."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from kafka.coordinator.assignors.range import RangePartitionAssignor

from messaging import kafka
from messaging.consuming.joining import finish_join
from messaging.consuming.loop import POLL
from messaging.models import StoredOffset
from messaging.names import full_group, full_topic
from tests.messaging.streams import TOPIC, make_topic
from tests.waiting import wait_for

from .running import metrics, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


class Slow(RangePartitionAssignor):  # type: ignore[misc]
    """Deals as Kafka's own, and may take so many seconds for it."""

    takes = 0.0

    @classmethod
    def assign(cls, *args: Any, **kwargs: Any) -> Any:
        time.sleep(cls.takes)
        return super().assign(*args, **kwargs)


def add_partitions(count: int) -> None:
    with contextlib.closing(kafka.admin()) as admin:
        admin.create_partitions({full_topic(TOPIC): count})


@pytest.mark.parametrize("finishing", [False, True])
def test_a_client_left_alone_forgets_its_join(finishing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """kafka-python 3.0.12. If the first half fails, the library was mended and `finish_join` may go."""
    make_topic(partitions=1)
    often = {"metadata_max_age_ms": 500, "auto_offset_reset": "earliest"}
    consumer = kafka.consumer(group=full_group("alone"), partition_assignment_strategy=[Slow], **often)
    # given: a member that has its topic's one partition
    consumer.subscribe(topics=[full_topic(TOPIC)])
    assert consumer.partitions_for_topic(full_topic(TOPIC)) == {0}
    wait_for(lambda: consumer.poll(timeout_ms=200) == {} and consumer.assignment(), within=30, what="the first deal")

    # when: the topic gets a second one, and a poll ends while it is dealt out
    monkeypatch.setattr(Slow, "takes", 0.5)
    add_partitions(2)
    coordinator = consumer._coordinator

    def forgotten() -> bool:
        consumer.poll(timeout_ms=200)
        return bool(coordinator.rejoining and not coordinator.need_rejoin())

    wait_for(forgotten, within=30, what="the join to be forgotten")
    # then: no poll takes it up again, unless it is told to
    for _ in range(20):
        if finishing:
            finish_join(consumer)
        consumer.poll(timeout_ms=200)
    assert len(consumer.assignment()) == (2 if finishing else 1)
    kafka.close_quietly(consumer)


def test_a_groups_loop_reads_partitions_that_were_added(monkeypatch: pytest.MonkeyPatch) -> None:
    make_topic(partitions=1)
    # given: a group's loop, with its topic's one partition
    with running(metrics(), partition_assignment_strategy=[Slow], metadata_max_age_ms=500):
        # when: the topic gets a second one, dealt out for longer than a poll lasts
        monkeypatch.setattr(Slow, "takes", 1.5 * POLL)
        add_partitions(2)
        # then
        stored = StoredOffset.objects.filter(group="metrics", topic=TOPIC)
        wait_for(lambda: stored.count() == 2, within=30, what="both partitions to be read")
