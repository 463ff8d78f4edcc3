"""The relay killed, stopped, doubled or cut off from a broker: nothing is lost, order holds, effects stay single."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from analytics.models import MinuteCount
from config.embedded.ports import choose_port
from delivery import duties
from messaging.models import Incident, OutboxRow
from messaging.outbox import publish, send
from messaging.relay import backlog
from messaging.relay.kafka import EventSender
from messaging.relay.repair import discard, retry
from messaging.relay.road import Road
from messaging.sqs.send import CommandSender
from tests.faults.processes import lanes
from tests.messaging.consuming.running import metrics, running, wait_until_caught_up
from tests.messaging.streams import NOON, a_fact, a_key, make_topic, owe, read_all, sequences
from tests.system import ROOT, child_environment
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def drain() -> int:
    return Road("kafka", EventSender).drain()


def empty() -> bool:
    return not OutboxRow.objects.exists()


@contextlib.contextmanager
def relay(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A relay of its own process."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "relay", "--road", "kafka", *arguments], cwd=ROOT, env=child_environment()
    )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0


@contextlib.contextmanager
def road(name: str, make_sender: Any) -> Iterator[Road]:
    """A road in a thread of the test."""
    stop = threading.Event()
    made = Road(name, make_sender)
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def test_one_broker_away_stops_its_own_road_only(settings: Any) -> None:
    from messaging import topology
    from messaging.sqs.queues import align_queues

    make_topic()
    assert list(align_queues(topology.queues(), change=True))
    there = settings.KAFKA_BOOTSTRAP_SERVERS
    settings.KAFKA_BOOTSTRAP_SERVERS = [f"127.0.0.1:{choose_port()}"]
    key = a_key()
    with road("kafka", EventSender), road("sqs", CommandSender) as commands:
        with transaction.atomic():
            publish(a_fact(key), key=key, sequence=1, at=NOON)
            send("alerts.tell", key=key, incident=1)
        wait_for(lambda: not OutboxRow.objects.filter(road="sqs").exists(), within=15, what="the command to leave")
        assert commands.counts.sent == 1
        wait_for(lambda: OutboxRow.objects.get().attempts >= 2, within=15, what="the event's second attempt")
        row = OutboxRow.objects.get()
        assert "no Kafka broker" in row.last_error and row.next_try_at is None and not row.blocked
        settings.KAFKA_BOOTSTRAP_SERVERS = there
        wait_for(empty, within=15, what="the event to leave")
    assert sequences(read_all(), key) == [1]


def test_a_missing_topic_holds_up_its_own_events_only() -> None:
    make_topic()
    key = a_key()
    from delivery.events import CourierOffline

    with transaction.atomic():
        publish(CourierOffline(courier_id=1, zone="centre"), key="1", sequence=1, at=NOON)
    owe(key, 1)
    assert drain() == 1
    left = OutboxRow.objects.get()
    assert left.destination == "couriers.events" and not left.blocked
    assert "couriers.events" in left.last_error
    assert sequences(read_all(), key) == [1]


def test_a_refused_event_is_told_and_discarding_it_leaves_its_readers_no_gap() -> None:
    make_topic()
    key = a_key()
    for n in (1, 2, 3):
        owe(key, n)
    OutboxRow.objects.filter(sequence=2).update(payload=b'"' + b"x" * 2_000_000 + b'"')
    assert drain() == 2
    assert Incident.objects.get(kind="outbox_blocked", resolved_at=None).subject == f"orders.events:{key}"

    assert discard(OutboxRow.objects.get(sequence=2))

    assert not Incident.objects.filter(resolved_at=None).exists()
    assert drain() == 0
    told = [(event.sequence, event.type) for event in read_all()]
    assert told == [(1, "order.ready"), (2, "stream.skipped"), (3, "order.ready")]
    group = metrics()
    with running(group):
        wait_until_caught_up(group)
    assert sum(MinuteCount.objects.values_list("orders", flat=True)) == 2


def test_a_refused_command_is_retried_or_discarded() -> None:
    with transaction.atomic():
        send("alerts.tell", key="a", incident=1)
        send("alerts.tell", key="b", incident=2)
    OutboxRow.objects.update(blocked=True)
    first, second = OutboxRow.objects.order_by("id")
    assert retry(first) and discard(second)
    assert not discard(first), "only a blocked row can be discarded"
    assert list(OutboxRow.objects.values_list("id", "blocked")) == [(first.id, False)]


def test_an_old_backlog_is_an_incident_until_it_is_gone(settings: Any) -> None:
    from messaging.relay.lanes import connect

    owe(a_key(), 1)
    with connect(idle_seconds=5, name="test") as own:
        backlog.watch_backlog(own, road="kafka")
        assert not Incident.objects.exists()
        settings.OUTBOX_AGE_LIMIT = -1.0
        backlog.watch_backlog(own, road="kafka")
        backlog.watch_backlog(own, road="kafka")
        assert Incident.objects.get(kind="outbox_age").subject == "kafka"
        settings.OUTBOX_AGE_LIMIT = 30.0
        OutboxRow.objects.all().delete()
        backlog.watch_backlog(own, road="kafka")
        assert not Incident.objects.filter(resolved_at=None).exists()


def test_a_large_backlog_is_an_incident_until_half_of_it_is_gone_and_no_relay_need_run(settings: Any) -> None:
    # given
    make_topic()
    settings.OUTBOX_ROWS_LIMIT = 4
    for _ in range(5):
        owe(a_key(), 1)
    # when
    assert (duties.watch_outbox(), duties.watch_outbox()) == (1, 0)
    # then: told once, of this road alone
    incident = Incident.objects.get(resolved_at=None)
    assert (incident.kind, incident.subject) == ("outbox_size", "kafka")
    assert incident.message.startswith("5 messages wait for kafka: more is written than is sent")
    # and it lasts until the backlog is well below the limit
    ids = list(OutboxRow.objects.values_list("id", flat=True))
    OutboxRow.objects.filter(id__in=ids[:3]).delete()
    duties.watch_outbox()
    assert Incident.objects.filter(resolved_at=None).count() == 1
    assert drain() == 0
    duties.watch_outbox()
    assert not Incident.objects.filter(resolved_at=None).exists()


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "mutated"])
def test_the_lanes_lock_alone_keeps_two_relays_from_sending_twice(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two roads select at the same moment, before either deletes; without the lock both have every row."""
    from messaging.relay import lanes as lanes_module

    make_topic()
    for _ in range(12):
        owe(a_key(), 1)
    if not guarded:

        def take_all(self: lanes_module.Lanes) -> bool:
            self.held = list(range(8))
            return False

        monkeypatch.setattr(lanes_module.Lanes, "balance", take_all)
    together = threading.Barrier(2, timeout=10)

    class Slow(EventSender):
        def send(self, rows: Any) -> Any:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(timeout=2)
            return super().send(rows)

    with road("kafka", Slow), road("kafka", Slow):
        wait_for(empty, within=30, what="the outbox to drain")
    assert (len(read_all()) == 12) is guarded


def test_sigterm_ends_it_cleanly_within_seconds() -> None:
    with relay() as process:
        wait_for(lambda: list(lanes().values()) == [4, 4], within=30, what="the relay to take its lanes")
        began = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
