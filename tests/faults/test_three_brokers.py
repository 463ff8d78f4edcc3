"""Three brokers with three copies: one dies, writes go on, nothing is lost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
from django.db import connection

from config.embedded.cluster import KafkaCluster
from messaging import kafka
from messaging.names import full_topic
from tests.system import running
from tests.waiting import wait_for

from .brokers import own_cluster
from .facts import place, writing
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

#: Seconds; the short cut runs beside other things.
LIMIT = 10 if FULL else 20


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with own_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def partitions() -> list[dict[str, Any]]:
    """The orders' partitions as the cluster has them now: leader, copies, those in sync."""
    with contextlib.closing(kafka.admin()) as admin:
        (described,) = admin.describe_topics([full_topic("orders.events")])
    found: list[dict[str, Any]] = described["partitions"]
    return found


def whole() -> bool:
    return all(len(partition["isr_nodes"]) == 3 for partition in partitions())


def oldest_waits() -> float:
    """Seconds that the oldest event has waited for its acknowledgement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float8"
            " FROM messaging_outboxrow WHERE road = 'kafka'"
        )
        seconds: float = cursor.fetchone()[0]
        return seconds


@pytest.mark.fault(19, "three brokers, replication 3: kill -9 a partition's leader")
def test_row_19_the_leader_dies_and_writes_go_on(fault: Row, cluster: KafkaCluster) -> None:
    orders = place(40)
    away: list[float] = []
    wait_for(whole, within=30, what="three copies of each partition")
    with running("relay", "consume"), writing(orders, rate=100) as load:
        wait_for(lambda: load.told > 50 and oldest_waits() < 0.5, within=60, what="the road to run")
        for chance in fault.run(short=1, full=10):
            leader = chance.choice(partitions())["leader_id"]
            cluster.nodes[leader].kill()
            began, longest = time.monotonic(), 0.0
            # The others' lanes go on at once: what counts is the event that waited longest.
            while time.monotonic() < began + LIMIT + 2 and not (time.monotonic() > began + 3 and oldest_waits() < 0.3):
                longest = max(longest, wait_for(oldest_waits, within=5, what="an event on its way"))
            away.append(longest)
            assert longest <= LIMIT
            # Writes go on with two, and after the dead one's return there are three again.
            cluster.nodes[leader].start()
            wait_for(lambda: cluster.complete() and whole(), within=60, what="the third copy to catch up", every=0.2)
        load.stop.set()
        assert_kept(within=60)
    fault.measures["longest wait for an acknowledgement"] = f"{max(away):.1f} s, {median(away):.1f} median"
