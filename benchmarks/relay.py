"""From a Postgres commit to Kafka: our relay, with one process and two, beside Debezium's outbox event router.

    python -m benchmarks.relay [--json] [--events N] [--latency-events N] [--only ours|debezium]

One run, one PostgreSQL, one broker, started for it and removed after. Drain: from the commit of one transaction that
fills the outbox, the relay being up, until the table is empty (ours) or the topic has every event (Debezium, which
leaves the rows where they are). Latency: single commits at 200 a second, until a reader has each event.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import uuid
from collections.abc import Sequence

from benchmarks import outbox
from benchmarks.processes import cpu
from benchmarks.report import Measure, emit

RATE = 200


def drain(processes: int, events: int) -> tuple[float, float]:
    """Events a second, and the relays' processor time in microseconds an event."""
    from messaging.names import full_topic

    with outbox.relays(processes) as running, outbox.ends(full_topic(outbox.TOPIC)) as end:
        outbox.prefill(800 * processes)
        while outbox.waiting():
            time.sleep(0.02)
        before, busy = end(), cpu(running)
        began = outbox.prefill(events)
        while outbox.waiting():
            time.sleep(0.02)
        took = time.perf_counter() - began
        if (there := end() - before) != events:
            raise RuntimeError(f"{there} events in the topic, not {events}")
        return events / took, (cpu(running) - busy) * 1e6 / events


#: Single commits before those that count.
WARM_UP = 100


def latency(topic: str, events: int) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds, from just after each commit to its reader."""
    committed: dict[str, float] = {}
    with outbox.Clock(topic) as clock:
        began = time.perf_counter()
        for number in range(WARM_UP + events):
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            key = str(uuid.uuid4())
            owe_one(key)
            if number >= WARM_UP:
                committed[key] = time.perf_counter()
        deadline = time.monotonic() + 30
        while len(clock.arrived.keys() & committed.keys()) < events and time.monotonic() < deadline:
            time.sleep(0.05)
        took = sorted(max(0.0, clock.arrived[key] - at) * 1000 for key, at in committed.items() if key in clock.arrived)
    if len(took) < events:
        raise RuntimeError(f"only {len(took)} of {events} events came to the reader")
    return statistics.median(took), took[int(len(took) * 0.99)]


def owe_one(key: str) -> None:
    """One commit with one event, as a change of an order makes it."""
    from django.db import transaction
    from django.db.models.functions import Now

    from messaging.outbox import publish
    from orders.events import OrderReady

    with transaction.atomic():
        publish(
            OrderReady(
                order_id=key,
                restaurant_id=1,
                customer_id=2,
                zone="centre",
                status="ready",
                by="system",
                reason="x" * 96,
            ),
            key=key,
            sequence=1,
            at=Now(),
        )


def measure(events: int, singles: int, *, rival: bool, own: bool) -> Sequence[Measure]:
    from messaging.names import full_topic

    found: dict[str, float] = {}
    if own:
        found["one"], found["cpu"] = drain(1, events)
        found["two"], _ = drain(2, events)
        with outbox.relays(1):
            found["median"], found["p99"] = latency(full_topic(outbox.TOPIC), singles)
    theirs: dict[str, float] = {}
    if rival:
        from benchmarks.debezium import run as debezium
        from config.embedded.errors import EmbeddedError

        try:
            theirs = debezium.measure(events, singles, latency)
        except (debezium.CannotRun, EmbeddedError) as error:
            print(f"relay: without Debezium: {error}", file=sys.stderr)
    measures = []
    for name, label, unit, limit, better in (
        ("one", "drain, one process", "events/s", 15_000, 1),
        ("two", "drain, two processes", "events/s", 22_000, 1),
        ("median", f"commit to reader at {RATE}/s, median", "ms", 10, -1),
        ("p99", f"commit to reader at {RATE}/s, 99th percentile", "ms", 60, -1),
    ):
        ours = found.get(name, float("nan"))
        other = theirs.get("rate" if better == 1 else name)
        rivals = {} if other is None else {"debezium 3.3.1": other}
        met = ours >= limit if better == 1 else ours <= limit
        if other is not None and name == "one":
            met = met and ours >= 3 * other
        if other is not None and better == -1:
            met = met and ours < other
        beside = {"one": ", ≥ 3 × Debezium", "two": ""}.get(name, ", below Debezium")
        target = f"{'≥' if better == 1 else '≤'} {limit}{beside}"
        if name == "two":
            theirs_cpu = dict.fromkeys(rivals, theirs.get("cpu", float("nan")))
            ratio = {key: found.get("cpu", float("nan")) / value for key, value in theirs_cpu.items()}
            label_cpu = "processor time, one process"
            measures.append(
                Measure("relay", label_cpu, "µs an event", found.get("cpu", float("nan")), theirs_cpu, ratio)
            )
        measures.append(
            Measure("relay", label, unit, ours, rivals, {k: ours / v for k, v in rivals.items()}, target, met)
        )
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--events", type=int, default=100_000, help="rows in the prefilled outbox (default 100000)")
    parser.add_argument("--latency-events", type=int, default=2000, help="single commits timed (default 2000)")
    parser.add_argument("--only", choices=["ours", "debezium"])
    options = parser.parse_args()
    with outbox.servers() as env:
        outbox.prepare(env)
        rival, own = options.only != "ours", options.only != "debezium"
        emit(
            measure(options.events // outbox.PER_KEY * outbox.PER_KEY, options.latency_events, rival=rival, own=own),
            as_json=options.json,
        )


if __name__ == "__main__":
    main()
