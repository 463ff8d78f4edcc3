"""From an event to the dashboard: a stream of order events, two hundred operators who watch, one web process.

    python -m benchmarks.dashboard [--json] [--viewers N] [--rate N] [--seconds S]

Servers, the web process and the consumer group are real processes of their own. Order events of whole lives are sent to
Kafka at `--rate` a second; each viewer holds an event stream open and takes what comes. Each order is placed at a
restaurant whose name is a number: how long it takes from the moment before it is handed to Kafka until the line that
brings its name, or a later one's, into "Latest orders" has been received is measured in every viewer. Told are median
and p99, also of the slowest viewer of each order, what was sent, and database connections while all watch.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import re
import resource
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from benchmarks import outbox
from benchmarks.positions import _running, web
from benchmarks.report import Measure, emit

BENCHMARK = "dashboard"
APP = "config.asgi:application"
#: Wall seconds before counting begins, in which viewers settle.
RAMP = 3.0
MARK = re.compile(rb"mark-([0-9]+)-x")


@dataclass
class Seen:
    """Milliseconds of each (order, viewer); bytes and messages that the viewers got."""

    sent_at: dict[int, float] = field(default_factory=dict)
    took: dict[int, list[float]] = field(default_factory=dict)
    received: int = 0
    messages: int = 0
    #: Orders of the counted time: those below this number.
    counted: int = 0


class Viewer(asyncio.Protocol):
    """An operator's browser, as far as the server can tell: it reads, and notes which orders it has seen."""

    def __init__(self, token: str, seen: Seen) -> None:
        self.token, self.seen = token, seen
        self.newest = -1
        self.tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            f"GET /live/board/ HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.token}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.seen.received += len(data)
        self.seen.messages += data.count(b"event: pieces")
        text = self.tail + data
        # A name may be cut by the end of a packet.
        self.tail = text[-20:]
        marks = [int(mark) for mark in MARK.findall(text)]
        for mark in range(self.newest + 1, max(marks, default=-1) + 1):
            # The page shows the latest eight orders: with a later one this one has been counted, and perhaps passed.
            self.seen.took.setdefault(mark, []).append((now - self.seen.sent_at[mark]) * 1000)
            self.newest = mark


class Load(threading.Thread):
    """Whole lives of orders to Kafka, so many events a second, in a thread of its own."""

    def __init__(self, rate: float, seen: Seen) -> None:
        super().__init__(daemon=True)
        self.rate, self.seen = rate, seen
        self.sent = 0
        self.stopping = threading.Event()
        self.counting = threading.Event()

    def run(self) -> None:
        from messaging import kafka
        from messaging.names import full_topic

        producer = kafka.producer(linger_ms=5)
        topic, began = full_topic(outbox.TOPIC), time.monotonic()
        lives, mark = _lives(), 0
        while not self.stopping.is_set():
            while self.sent < (time.monotonic() - began) * self.rate:
                key, number, step = next(lives)
                name = f"Restaurant {number % 20}"
                if step == 1 and self.counting.is_set():
                    name, self.seen.sent_at[mark] = f"mark-{mark}-x", time.monotonic()
                    mark += 1
                _send(producer, topic, key, step, _event(key, number, step, name))
                self.sent += 1
            time.sleep(0.004)
        producer.flush(10)
        producer.close()


def _lives() -> Iterator[tuple[str, int, int]]:
    """Orders (key, number) and which of their eight events comes next: placed evenly, many under way at a time."""
    orders: deque[tuple[str, int]] = deque()
    for number in count():
        orders.append((str(uuid.uuid4()), number))
        for step in range(1, 9):
            age = (step - 1) * 20
            if age < len(orders):
                key, of_order = orders[-1 - age]
                yield key, of_order, step
        if len(orders) > 200:
            orders.popleft()


def _event(key: str, number: int, step: int, name: str) -> Any:
    from delivery.events import CourierAssigned, OfferMade
    from orders.events import OrderAccepted, OrderDelivered, OrderPaid, OrderPickedUp, OrderPlaced, OrderReady

    common, later = _common(key, number), _now() + timedelta(minutes=15)
    offer: dict[str, Any] = {"status": "accepted", "offer_id": "o", "courier_id": number % 500}
    match step:
        case 1:
            amounts: dict[str, Any] = {"subtotal": 2000, "delivery_fee": 0, "total": 2000, "currency": "EUR"}
            return OrderPlaced(**common, status="placed", restaurant=name, lines=[], **amounts)
        case 2:
            return OrderPaid(**common, status="paid", payment_id="p", amount=2000)
        case 3:
            return OrderAccepted(**common, status="accepted", ready_by=later)
        case 4:
            return OfferMade(**common, **offer, deadline=later, attempt=1)
        case 5:
            return CourierAssigned(**common, **offer)
        case 6:
            return OrderReady(**common, status="ready")
        case 7:
            return OrderPickedUp(**common, status="picked_up")
    took = 1500.0 + number % 600
    return OrderDelivered(
        **common, status="delivered", click_to_door_seconds=took, ready_to_pickup_seconds=60.0 + number % 90
    )


def _common(key: str, number: int) -> dict[str, Any]:
    restaurant = number % 20
    return {
        "order_id": key,
        "restaurant_id": restaurant + 1,
        "customer_id": number + 1,
        "zone": f"zone-{restaurant % 5}",
        "by": "system",
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _send(producer: Any, topic: str, key: str, sequence: int, event: Any) -> None:
    from messaging.envelope import encode_data, encode_headers

    now = _now()
    headers = encode_headers(
        event_id=uuid.uuid4(), type=event.type, key=key, sequence=sequence, time=now, recorded_at=now
    )
    producer.send(topic, key=key.encode(), value=encode_data(event), headers=headers)


def measure(options: argparse.Namespace) -> list[Measure]:
    from accounts.models import Role, User
    from accounts.tokens import make_token
    from messaging import topology
    from orders.city import set_clock

    topology.apply()
    set_clock(at=_now(), speed=1)
    tokens = [
        make_token(User.objects.create(username=f"o-{n}", role=Role.OPERATOR, is_staff=True, password="!"))
        for n in range(options.viewers)
    ]
    consume = [sys.executable, "manage.py", "consume", "dashboard"]
    with web(APP) as (port, server), _running(consume):
        seen = Seen()
        load = Load(options.rate, seen)
        load.start()
        try:
            connections, before, after = asyncio.run(watch(tokens, seen, load, port, server, options.seconds))
        finally:
            load.stopping.set()
            load.join(15)
    return list(judge(options, seen, load, connections, 100 * (after - before) / options.seconds))


async def watch(
    tokens: Sequence[str], seen: Seen, load: Load, port: int, server: Any, seconds: float
) -> tuple[int, float, float]:
    loop = asyncio.get_running_loop()
    viewers = []
    for token in tokens:
        _, viewer = await loop.create_connection(
            lambda token=token: Viewer(token, seen),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        viewers.append(viewer)
        await asyncio.sleep(0.005)
    await asyncio.sleep(RAMP)
    seen.received = seen.messages = 0
    load.counting.set()
    before = sum(server.cpu_times()[:2])
    await asyncio.sleep(seconds / 2)
    connections = await asyncio.to_thread(connections_of_web)
    await asyncio.sleep(seconds / 2)
    # Orders go on: with a later one on the page, an earlier one that was pushed out is known to have been counted.
    seen.counted = len(seen.sent_at)
    after = sum(server.cpu_times()[:2])
    # What was sent last may still be under way.
    await asyncio.sleep(2)
    for viewer in viewers:
        viewer.transport.close()
    return connections, before, after


def connections_of_web() -> int:
    """Connections to the database but those of this process and the group."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def judge(options: argparse.Namespace, seen: Seen, load: Load, connections: int, busy: float) -> Iterator[Measure]:
    counted = [took for mark, took in seen.took.items() if mark < seen.counted]
    every = sorted(took for of_order in counted for took in of_order)
    slowest = sorted(max(of_order) for of_order in counted)
    expected = seen.counted * options.viewers
    what = f"event to page, {options.viewers} viewers, {options.rate:g} events/s: median"
    p99 = _at(every, 0.99)
    met = len(every) == expected and 0 < p99 < 1000
    yield Measure(BENCHMARK, what, "ms", _at(every, 0.5), {"p99": p99}, {}, "p99 < 1000, seen by every viewer", met)
    yield Measure(
        BENCHMARK, "the same, each order's slowest viewer", "ms", _at(slowest, 0.5), {"p99": _at(slowest, 0.99)}
    )
    share = len(every) / max(1, expected)
    yield Measure(BENCHMARK, f"of {seen.counted} orders seen by each viewer", "share", share, {}, {}, "= 1", share == 1)
    per_viewer = seen.received / options.viewers / (options.seconds + 2) / 1024
    yield Measure(
        BENCHMARK,
        "sent to a viewer",
        "KiB/s",
        per_viewer,
        {"messages/s": seen.messages / options.viewers / (options.seconds + 2)},
    )
    yield Measure(
        BENCHMARK, "web process", "% of a core", busy, {"database connections, all processes": float(connections)}
    )


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--viewers", type=int, default=200, help="operators who watch (default 200)")
    parser.add_argument("--rate", type=float, default=200, help="order events a second (default 200)")
    parser.add_argument("--seconds", type=float, default=20, help="counted time (default 20)")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * options.viewers + 200), hard), hard))
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options), as_json=options.json)
        # A client that lives as long as this process would tell of every attempt to reach what is gone on purpose.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
