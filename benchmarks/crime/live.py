"""How long a decision takes through the real road: outbox, relay, Kafka, and the group in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import outbox
from simulator.fraud.acts import DAY
from simulator.fraud.month import month

from .events import as_event, moment

#: The first decisions wait for imports and plans that are made once in a process's life: they are left out.
WARMING = timedelta(seconds=3)
TOPICS = ("orders.events", "payments.transactions")


def latencies(*, seconds: float, rate: float, seed: int = 901) -> list[float]:
    """Milliseconds from each event's transaction to its decision, at `rate` events a second."""
    with outbox.servers() as env:
        outbox.prepare(env)
        outbox.make_topic("payments.transactions")
        with outbox.relays(1), _group():
            _publish(seconds=seconds, rate=rate, seed=seed)
            return _wait_and_read()


@contextlib.contextmanager
def _group() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        process = subprocess.Popen(
            [sys.executable, "manage.py", "consume", "fraud"],
            cwd=outbox.ROOT,
            env=os.environ | {"FORKROAD_READY_FILE": str(ready), "LOG_LEVEL": "WARNING"},
        )
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise RuntimeError("the group ended before it was ready")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _publish(*, seconds: float, rate: float, seed: int) -> None:
    """A stretch of a month from its second week, its orders renamed to the ids that events carry."""
    import msgspec
    from django.db import transaction

    from messaging.outbox import publish

    acts = [act for act in month(seed) if act.at > 8 * DAY]
    count = int(seconds * rate)
    sequences: Counter[str] = Counter()
    known: set[str] = set()
    began = time.perf_counter()
    sent = 0
    for act in acts:
        if act.kind == "placed":
            known.add(act.order)
        elif act.order not in known:
            continue
        event = as_event(act)
        order = str(uuid.uuid5(uuid.NAMESPACE_OID, act.order))
        key = order if event.topic == TOPICS[0] else str(uuid.uuid5(uuid.NAMESPACE_URL, act.order))
        sequences[key] += 1
        changes = {"order_id": order} | ({"payment_id": key} if key != order else {})
        with transaction.atomic():
            publish(msgspec.structs.replace(event, **changes), key=key, sequence=sequences[key], at=moment(act.at))
        sent += 1
        if sent == count:
            return
        time.sleep(max(0.0, began + sent / rate - time.perf_counter()))


def _wait_and_read() -> list[float]:
    from analytics.models import FraudDecision
    from messaging.models import OutboxRow, Road

    # The holds that were decided stay in the outbox: nobody takes commands here.
    events = OutboxRow.objects.filter(road=Road.KAFKA)
    deadline, before, now = time.monotonic() + 60, -1, 0
    while events.exists() or before != now:
        before, now = now, FraudDecision.objects.count()
        if time.monotonic() > deadline:
            raise RuntimeError("the group did not catch up")
        time.sleep(1.0)
    # Of a linked order the event is another's: its own came long before.
    rows = FraudDecision.objects.exclude(stage="linked").exclude(recorded_at=None)
    begin = min(row.recorded_at for row in rows if row.recorded_at) + WARMING
    rows = rows.filter(recorded_at__gte=begin)
    return sorted(1000 * (row.decided_at - row.recorded_at).total_seconds() for row in rows if row.recorded_at)
