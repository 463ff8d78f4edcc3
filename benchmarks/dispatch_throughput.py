"""From an acceptance to an offer: this project's dispatch beside the design people write first, in one run.

    python -m benchmarks.dispatch_throughput [--json] [--orders N] [--paced N] [--processes N] [--policy NAME]

Both work in the same town of four zones (`naive_dispatch/town.py`), on the same PostgreSQL, SQS and machine, one
after the other. Every order is ready when it is accepted and enough couriers are free, so each courier must leave
now: an offer that a plan keeps back on purpose would say nothing about speed.

Backlog: workers (and the relay) are stopped by SIGSTOP while all orders are accepted; the rate counts from their
going on to the commit of the last offer. Paced: 20 acceptances a second; from the commit of each to the commit of
its offer, by PostgreSQL's own commit timestamps. Minutes to the door: what the offers of the backlog would take by
the city's geometry, each courier leaving at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import outbox
from benchmarks.processes import cpu, families, running, stopped, wait
from benchmarks.report import Measure, emit

ROOT = Path(__file__).resolve().parents[1]
RATE = 20
WARM_UP = 8
WORKER = ("-Q", "dispatch", "--without-mingle", "--without-gossip", "-l", "WARNING")


@dataclass(frozen=True)
class Design:
    """How one design is run: its processes, and what a restaurant's acceptance calls."""

    name: str
    commands: list[tuple[str, ...]]
    accept: Callable[[uuid.UUID], object]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """orders a second; milliseconds of processor an order, without the servers'; minutes; milliseconds."""

    rate: float
    cpu: float
    minutes: float
    median: float
    p95: float


def designs(processes: int) -> list[Design]:
    from benchmarks.naive_dispatch import app as naive
    from orders import lifecycle
    from orders.lifecycle import Actor

    kitchen = Actor("restaurant")

    def celery(app: str, pool: str, count: int, number: int = 1) -> tuple[str, ...]:
        name = f"bench{number}@%h"
        return (
            "-m",
            "celery",
            "-A",
            app,
            "worker",
            "-Q",
            "dispatch",
            "-P",
            pool,
            "-c",
            str(count),
            "-n",
            name,
            *WORKER,
        )

    def accept(order: uuid.UUID) -> object:
        return lifecycle.accept(order, by=kitchen, preparation=timedelta(0))

    ours = [("manage.py", "relay"), *(celery("config", "threads", 4, number) for number in range(processes))]
    app = "benchmarks.naive_dispatch.app"
    return [
        Design("ours", ours, accept),
        Design("naive, prefork", [celery(app, "prefork", processes)], naive.accept, {"BENCH_PREFETCH_MULTIPLIER": "2"}),
        Design("naive, threads 16", [celery(app, "threads", 16)], naive.accept, {"BENCH_PREFETCH_MULTIPLIER": "4"}),
    ]


def measure(design: Design, orders: Sequence[uuid.UUID], *, paced: int) -> Figures:
    from benchmarks.naive_dispatch import town

    town.start_over()
    with running(*design.commands, env=design.env) as started, ThreadPoolExecutor(4) as pool:
        processes = families(started)
        list(pool.map(design.accept, orders[:WARM_UP]))
        await_offers(WARM_UP)
        town.start_over()
        with stopped(processes):
            list(pool.map(design.accept, orders))
            busy = cpu(processes)
        began = database_clock()
        await_offers(len(orders))
        rate = len(orders) / (last_offer() - began)
        each = 1000 * (cpu(processes) - busy) / len(orders)
        minutes = statistics.mean(minutes_to_door())
        town.start_over()
        start = time.monotonic()
        for number, order in enumerate(orders[:paced]):
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            pool.submit(design.accept, order)
        await_offers(paced)
        waits = sorted(waits_for_offer())
    return Figures(rate, each, minutes, statistics.median(waits), waits[int(len(waits) * 0.95)])


def await_offers(count: int) -> None:
    from delivery.models import Assignment

    wait(lambda: Assignment.objects.count() >= count, within=300, what=f"{count} offers", every=0.05)


def ask(sql: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def database_clock() -> float:
    return float(ask("SELECT extract(epoch FROM clock_timestamp())")[0])


def last_offer() -> float:
    return float(ask("SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) FROM delivery_offer")[0])


def waits_for_offer() -> list[float]:
    """Milliseconds from the commit of each acceptance to that of its offer."""
    return [
        float(wait)
        for wait in ask(
            "SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(a.xmin) - pg_xact_commit_timestamp(h.xmin))"
            " FROM delivery_assignment a JOIN orders_orderhistory h USING (order_id) WHERE h.type = 'order.accepted'"
        )
    ]


def minutes_to_door() -> list[float]:
    """Of each order: its courier's way to the counter, the services, and the way to its door after those before it."""
    from delivery.models import Offer
    from orders.city import distance_metres, the_city, travel_time

    city = the_city()

    def way(a: tuple[float, float], b: tuple[float, float]) -> float:
        metres = distance_metres(a, b, origin_latitude=city.latitude)
        return travel_time(metres, metres_per_minute=city.metres_per_minute).total_seconds() / 60

    minutes = []
    offers = Offer.objects.select_related("courier").prefetch_related(
        "assignments__order__restaurant", "assignments__order__address"
    )
    for offer in offers:
        jobs = sorted(offer.assignments.all(), key=lambda job: job.door)
        shop = jobs[0].order.restaurant
        place = (shop.latitude, shop.longitude)
        clock = way((offer.courier.latitude, offer.courier.longitude), place) + city.pickup_minutes
        for job in jobs:
            door = (job.order.address.latitude, job.order.address.longitude)
            clock += way(place, door) + city.dropoff_minutes / 2
            minutes.append(clock)
            clock += city.dropoff_minutes / 2
            place = door
    return minutes


def judge(figures: dict[str, Figures]) -> Iterator[Measure]:
    ours = figures["ours"]
    rivals = {name: one for name, one in figures.items() if name != "ours"}
    best = max((one.rate for one in rivals.values()), default=float("nan"))

    def beside(of: Callable[[Figures], float]) -> tuple[dict[str, float], dict[str, float]]:
        values = {name: of(one) for name, one in rivals.items()}
        return values, {name: of(ours) / value for name, value in values.items()}

    values, ratios = beside(lambda one: one.rate)
    yield Measure(
        "dispatch_throughput",
        "backlog, acceptance to offer",
        "orders/s",
        ours.rate,
        values,
        ratios,
        "≥ 3 × the better naive one",
        ours.rate >= 3 * best,
    )
    values, ratios = beside(lambda one: one.cpu)
    yield Measure("dispatch_throughput", "backlog, processor an order", "ms", ours.cpu, values, ratios)
    values, ratios = beside(lambda one: one.minutes)
    yield Measure(
        "dispatch_throughput",
        "minutes to the door, mean",
        "min",
        ours.minutes,
        values,
        ratios,
        "below the naive one",
        all(ours.minutes < value for value in values.values()),
    )
    values, ratios = beside(lambda one: one.median)
    label = f"acceptance to offer at {RATE}/s, "
    yield Measure(
        "dispatch_throughput", f"{label}median", "ms", ours.median, values, ratios, "≤ 300", ours.median <= 300
    )
    values, ratios = beside(lambda one: one.p95)
    yield Measure("dispatch_throughput", f"{label}95th percentile", "ms", ours.p95, values, ratios)


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """A throwaway stack that remembers when each transaction committed; this process's Django works on it."""
    with outbox.servers({"track_commit_timestamp": "on"}) as env:
        os.environ |= env | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--orders", type=int, default=400, help="orders of the backlog (default 400)")
    parser.add_argument("--paced", type=int, default=200, help="orders accepted at 20 a second (default 200)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes of each design (default 2)")
    parser.add_argument(
        "--policy",
        default="linear",
        help="of this project's rounds (default linear: the planner may keep a trip for a busy courier)",
    )
    parser.add_argument("--seed", type=int, default=5, help="of the town (default 5)")
    options = parser.parse_args()
    if options.policy:
        os.environ["FORKROAD_DISPATCH_POLICY"] = options.policy
    with servers():
        import django

        django.setup()
        from django.core.management import call_command

        from messaging import topology
        from messaging.sqs.client import queue_url

        call_command("migrate", verbosity=0)
        topology.apply()
        os.environ["BENCH_QUEUE_URL"] = queue_url("dispatch")
        from benchmarks.naive_dispatch import town

        orders = town.found(max(options.orders, options.paced), seed=options.seed)[: options.orders]
        figures = {}
        for design in designs(options.processes):
            print(f"measuring {design.name}", file=sys.stderr)
            figures[design.name] = measure(design, orders, paced=options.paced)
        emit(judge(figures), as_json=options.json)


if __name__ == "__main__":
    main()
