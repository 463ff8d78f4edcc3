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
from django.db import connection, transaction

from analytics.models import MinuteCount
from config.embedded.ports import choose_port
from config.embedded.stack import Stack
from messaging.models import Incident, OutboxRow
from messaging.outbox import publish, send
from messaging.relay import backlog
from messaging.relay.kafka import EventSender
from messaging.relay.lanes import MEMBER, lock_key
from messaging.relay.repair import discard, retry
from messaging.relay.road import Road
from messaging.sqs.send import CommandSender
from tests.messaging.consuming.running import metrics, running, wait_until_caught_up
from tests.messaging.streams import NOON, a_fact, a_key, make_topic, owe, read_all, sequences
from tests.system import ROOT, child_environment
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def drain() -> int:
    return Road("kafka", EventSender).drain()


def empty() -> bool:
    return not OutboxRow.objects.exists()


def lanes() -> dict[int, int]:
    """Lanes of the Kafka road that each database session holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, count(*) FILTER (WHERE objid < %s) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s::bigint::oid GROUP BY pid",
            [MEMBER, lock_key("kafka")],
        )
        return dict(cursor.fetchall())


@contextlib.contextmanager
def relay(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A relay of its own process."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "relay", "--road", "kafka", *arguments], cwd=ROOT, env=child_environment()
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
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


def test_killed_between_acknowledgement_and_delete_it_sends_again_and_the_effect_is_single() -> None:
    make_topic()
    keys = [a_key() for _ in range(4)]
    for n in range(1, 6):
        for key in keys:
            owe(key, n)
    script = (
        "import os, signal, django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from messaging.relay import rows\n"
        "rows.delete = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "call_command('relay', '--road', 'kafka', '--once')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=child_environment(), timeout=60)
    assert done.returncode == -9
    assert OutboxRow.objects.count() == 20 and len(read_all()) == 20

    wait_for(lambda: not lanes(), within=10, what="the dead relay's lanes to be free")
    assert drain() == 0

    events = read_all()
    assert len(events) == 40
    for key in keys:
        assert sequences(events, key) == [1, 2, 3, 4, 5] * 2
    group = metrics()
    with running(group):
        wait_until_caught_up(group)
    assert sum(MinuteCount.objects.values_list("orders", flat=True)) == 20


def test_a_stopped_relay_loses_its_lanes_and_comes_back_without_harm() -> None:
    make_topic()
    keys = [a_key() for _ in range(16)]
    with relay("--idle-seconds", "1") as first:
        wait_for(lambda: list(lanes().values()) == [8], within=30, what="the first relay to take all lanes")
        with relay("--idle-seconds", "1"):
            wait_for(lambda: list(lanes().values()) == [4, 4], within=30, what="the two to share the lanes")
            for key in keys:
                owe(key, 1)
            wait_for(empty, within=10, what="both to drain their lanes")

            first.send_signal(signal.SIGSTOP)
            for key in keys:
                owe(key, 2)
            wait_for(empty, within=15, what="the other to take over and drain")
            assert list(lanes().values()) == [8]

            first.send_signal(signal.SIGCONT)
            for key in keys:
                owe(key, 3)
            wait_for(lambda: list(lanes().values()) == [4, 4], within=15, what="the lanes to be shared again")
            wait_for(empty, within=10, what="both to drain their lanes again")
    events = read_all()
    for key in keys:
        told = sequences(events, key)
        assert list(dict.fromkeys(told)) == [1, 2, 3], told


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


def test_a_broker_killed_under_load_loses_nothing(stack: Stack) -> None:
    make_topic()
    keys = [a_key() for _ in range(8)]
    with road("kafka", EventSender):
        for n in range(1, 6):
            for key in keys:
                owe(key, n)
        stack.kafka.kill()
        for n in range(6, 11):
            for key in keys:
                owe(key, n)
        assert not empty()
        stack.kafka.start()
        wait_for(empty, within=60, what="the outbox to drain")
    events = read_all()
    for key in keys:
        assert list(dict.fromkeys(sequences(events, key))) == list(range(1, 11))


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


def test_an_old_backlog_is_an_incident_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    from messaging.relay.lanes import connect

    owe(a_key(), 1)
    with connect(idle_seconds=5, name="test") as own:
        backlog.watch_backlog(own, road="kafka")
        assert not Incident.objects.exists()
        monkeypatch.setattr(backlog, "OLD", -1.0)
        backlog.watch_backlog(own, road="kafka")
        assert Incident.objects.get(kind="outbox_age").subject == "kafka"
        monkeypatch.undo()
        OutboxRow.objects.all().delete()
        backlog.watch_backlog(own, road="kafka")
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
        wait_for(lambda: list(lanes().values()) == [8], within=30, what="the relay to take its lanes")
        began = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
