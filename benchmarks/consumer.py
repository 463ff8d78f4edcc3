"""Kafka into Postgres: our metrics group beside readers that only read, and rivals that write.

    python -m benchmarks.consumer [--json] [--events N] [--sample N]

Each candidate is a process of its own on one core, and reads the same topic from its start: (a) kafka-python, records
thrown away; (b) confluent-kafka, the same (where installed); (c) an ORM save and commit for each row of two of
the group's three tables, on a sample; (d) Quix Streams writing the same two (where FORKROAD_RIVALS names a Python that
has it: its pins do not go with ours); (e) the metrics group as it runs in production, each event's effect once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks import orders_stream, outbox
from benchmarks.report import Measure, emit

RIVALS = "FORKROAD_RIVALS"


def raw(events: int) -> float:
    """Seconds that kafka-python takes to read everything."""
    from kafka import TopicPartition

    from messaging import kafka
    from messaging.names import full_topic

    consumer = kafka.consumer(max_poll_records=2000)
    name = full_topic(outbox.TOPIC)
    places = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    seen, began = 0, time.perf_counter()
    while seen < events:
        seen += sum(map(len, consumer.poll(timeout_ms=500).values()))
    took = time.perf_counter() - began
    kafka.close_quietly(consumer, timeout_ms=0)
    return took


def confluent(events: int) -> float:
    """Seconds that librdkafka takes; its defaults are large already."""
    from confluent_kafka import Consumer  # type: ignore[import-not-found, unused-ignore]

    from messaging.names import full_topic

    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": "bench-confluent",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([full_topic(outbox.TOPIC)])
    seen, began = 0, 0.0
    while seen < events:
        found = consumer.consume(2000, 0.5)
        began = began or time.perf_counter()
        seen += len(found)
    took = time.perf_counter() - began
    consumer.close()
    return took


def naive(events: int) -> float:
    """Seconds for what is usually written first: a loop, `save()`, commit."""
    from kafka import TopicPartition

    from analytics.models import MinuteCount, OrderFact
    from messaging import kafka
    from messaging.envelope import decode
    from messaging.names import full_topic

    consumer = kafka.consumer()
    name = full_topic(outbox.TOPIC)
    places = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    seen, began = 0, time.perf_counter()
    while seen < events:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records[: events - seen]:
                envelope = decode(record.headers, record.value)
                assert envelope is not None
                event: Any = envelope.data
                OrderFact.objects.update_or_create(
                    generation=9999,
                    order_id=event.order_id,
                    defaults={
                        "restaurant_id": event.restaurant_id,
                        "zone": event.zone,
                        "status": event.status,
                        "sequence": envelope.sequence,
                        "changed_at": envelope.time,
                    },
                )
                count, _ = MinuteCount.objects.get_or_create(
                    generation=9999,
                    minute=envelope.time.replace(second=0, microsecond=0),
                    restaurant_id=event.restaurant_id,
                    status=event.status,
                    defaults={"orders": 0},
                )
                count.orders += 1
                count.save()
                seen += 1
    return time.perf_counter() - began


def ours(events: int) -> float:
    """Seconds from having the partitions to the last commit."""
    from messaging.consuming.group import get_group
    from messaging.consuming.loop import GroupLoop

    loop, stop = GroupLoop(get_group("metrics")), threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    loop.ready.wait(60)
    began = time.perf_counter()
    while loop.applied < events:
        time.sleep(0.005)
    took = time.perf_counter() - began
    stop.set()
    thread.join()
    return took


CANDIDATES: dict[str, Callable[[int], float]] = {"raw": raw, "confluent": confluent, "naive": naive, "ours": ours}


def run(name: str, events: int, *, python: str = sys.executable, module: str = "benchmarks.consumer") -> float | None:
    """Events a second of a candidate in its own process; None, with the reason told, where it cannot run."""
    done = subprocess.run(
        [python, "-m", module, "--candidate", name, "--events", str(events)],
        cwd=outbox.ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    if done.returncode != 0:
        print(f"consumer: without {name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    if answer.get("left"):
        print(f"consumer: without {name}: {answer['left']} events were not written", file=sys.stderr)
        return None
    rate, each = events / answer["seconds"], answer["cpu"] * 1e6 / events
    print(f"consumer: {name}: {rate:.0f}/s, {each:.1f} µs of processor an event", file=sys.stderr)
    return float(events / answer["seconds"])


def candidate(name: str, events: int) -> None:
    """Run one here, on one core, and print its time."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import django

    django.setup()
    from messaging.collecting import collect_rarely

    collect_rarely()  # As `manage.py consume` does, and for all of them.
    before = time.process_time()
    seconds = CANDIDATES[name](events)
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - before}))


def measure(events: int, sample: int) -> list[Measure]:
    events = orders_stream.fill(events)
    found = {
        "raw": run("raw", events),
        "confluent": run("confluent", events),
        "naive": run("naive", min(sample, events)),
        "ours": run("ours", events),
    }
    if RIVALS in os.environ:
        found["quix"] = run("quix", events, python=os.environ[RIVALS], module="benchmarks.quix_rival")
    else:
        print(f"consumer: without Quix Streams: {RIVALS} names no Python that has it", file=sys.stderr)
    names = {"raw": "kafka-python, discarding", "confluent": "confluent-kafka, discarding", "naive": "naive ORM loop",
             "quix": "Quix Streams"}  # fmt: skip
    rivals = {names[key]: value for key, value in found.items() if value is not None and key in names}
    mine = found["ours"] or 0.0
    ratios = {name: mine / value for name, value in rivals.items()}
    limits = {"raw": 0.75, "naive": 30.0, "quix": 2.0}
    met = all(ratios[names[key]] >= limit for key, limit in limits.items() if names[key] in ratios)
    target = "≥ 0.75 × kafka-python, ≥ 30 × naive, ≥ 2 × stream framework"
    return [Measure("consumer", "metrics group, effect once", "events/s", mine, rivals, ratios, target, met)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--events", type=int, default=300_000, help="order events (default 300000)")
    parser.add_argument("--sample", type=int, default=3000, help="events for the naive loop (default 3000)")
    parser.add_argument("--candidate", choices=sorted(CANDIDATES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.candidate:
        candidate(options.candidate, options.events)
        return
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options.events, options.sample), as_json=options.json)


if __name__ == "__main__":
    main()
