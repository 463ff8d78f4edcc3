"""Kafka into Postgres: our metrics group beside readers that only read, and rivals that write.

    python -m benchmarks.consumer [--json] [--events N] [--rounds N] [--sample N] [--processes 1,2,4]

Each candidate is a process of its own on one core, and reads the same topic from its start: (a) kafka-python, records
thrown away; (b) confluent-kafka, the same (extra `bench`); (c) an ORM save and commit for each row of two of
the group's three tables, on a sample; (d) Quix Streams writing the same two (where FORKROAD_RIVALS names a Python that
has quixstreams and psycopg: its pins do not go with ours); (e) the metrics group as it runs in production, each event's
effect once. Rates are medians over the rounds, in which all but the naive loop take turns. With --processes, so many
members of the group then share the partitions, none held to a core.
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
from statistics import median
from typing import Any

import psutil

from benchmarks import orders_stream, outbox
from benchmarks.report import Measure, emit

RIVALS = "FORKROAD_RIVALS"
#: Where in its run our group's memory is looked at.
QUARTERS = 4
NAMES = {
    "raw": "kafka-python, discarding",
    "confluent": "confluent-kafka, discarding",
    "naive": "naive ORM loop",
    "quix": "Quix Streams",
}
#: What the group is to reach: its rate divided by the rival's.
TARGETS = {"raw": 0.75, "naive": 30.0, "quix": 2.0}
#: A run's figures, by candidate: events a second, µs of processor an event.
Rates = dict[str, list[float]]

#: MiB at each quarter of this process's run.
memory: list[float] = []


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
            "group.id": f"bench-confluent-{time.time_ns()}",
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
    for share in range(1, QUARTERS + 1):
        while loop.applied < events * share // QUARTERS:
            time.sleep(0.005)
        memory.append(psutil.Process().memory_info().rss / 2**20)
    took = time.perf_counter() - began
    stop.set()
    thread.join()
    return took


CANDIDATES: dict[str, Callable[[int], float]] = {"raw": raw, "confluent": confluent, "naive": naive, "ours": ours}


def run(name: str, events: int) -> dict[str, Any] | None:
    """What a candidate says of itself, in its own process; None, with the reason told, where it cannot run."""
    python, module = sys.executable, "benchmarks.consumer"
    if name == "quix":
        if RIVALS not in os.environ:
            print(f"consumer: without Quix Streams: {RIVALS} names no Python that has it", file=sys.stderr)
            return None
        python, module = os.environ[RIVALS], "benchmarks.quix_rival"
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
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if answer.get("left"):
        print(f"consumer: without {name}: {answer['left']} events were not written", file=sys.stderr)
        return None
    answer |= {"rate": events / answer["seconds"], "each": answer["cpu"] * 1e6 / events}
    print(f"consumer: {name}: {answer['rate']:.0f}/s, {answer['each']:.1f} µs of processor an event", file=sys.stderr)
    return answer


def candidate(name: str, events: int) -> None:
    """Run one here, on one core, and print its time."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import django

    django.setup()
    from messaging.collecting import collect_rarely

    collect_rarely()  # As `manage.py consume` does, and for all of them.
    before = time.process_time()
    seconds = CANDIDATES[name](events)
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - before, "memory": memory}))


def measure(events: int, sample: int, rounds: int) -> list[Measure]:
    events = orders_stream.fill(events)
    rates, costs = Rates(), Rates()
    quarters: list[float] = []
    for place in range(rounds):
        for name in ("raw", "confluent", "quix", "ours", *(() if place else ("naive",))):
            forget()
            answer = run(name, min(sample, events) if name == "naive" else events)
            if answer is not None:
                rates.setdefault(name, []).append(answer["rate"])
                costs.setdefault(name, []).append(answer["each"])
                quarters = answer.get("memory") or quarters
    return [
        _beside("metrics group, effect once", "events/s", rates, targets=TARGETS),
        _beside("processor time of the reader", "µs an event", costs),
        Measure("consumer", f"memory after {events} events", "MiB", quarters[-1], {"after a quarter": quarters[0]}),
    ]


def _beside(what: str, unit: str, found: Rates, *, targets: dict[str, float] | None = None) -> Measure:
    mine = median(found["ours"])
    rivals = {NAMES[name]: median(values) for name, values in found.items() if name in NAMES}
    ratios = {name: mine / value for name, value in rivals.items()}
    if targets is None:
        return Measure("consumer", what, unit, mine, rivals, ratios)
    met = all(ratios[NAMES[name]] >= limit for name, limit in targets.items() if NAMES[name] in ratios)
    text = ", ".join(f"≥ {limit:g} × {NAMES[name]}" for name, limit in targets.items())
    return Measure("consumer", what, unit, mine, rivals, ratios, text, met)


def forget() -> None:
    """Empty the tables, so that each candidate begins as the first did."""
    from django.db import connection
    from django.db.models import Model

    from messaging.consuming.group import get_group
    from messaging.models import Generation, ParkedRecord, StoredOffset, StreamSequence

    models: list[type[Model]] = [
        *get_group("metrics").tables, Generation, ParkedRecord, StoredOffset, StreamSequence,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in models)}")


def share(counts: list[int], events: int) -> list[Measure]:
    """More members of the group over the same partitions."""
    from benchmarks.scaling import readers

    # Members that are stopped while the topic is filled must not be missed by Kafka meanwhile.
    found = {count: readers.apply(count, min(events, 150_000)) for count in counts}
    return [
        Measure(
            "consumer",
            f"{count} member{'s' if count > 1 else ''} of the group",
            "events/s",
            one.rate,
            {"MiB of the largest": max(one.memory)},
        )
        for count, one in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--events", type=int, default=300_000, help="order events (default 300000)")
    parser.add_argument("--rounds", type=int, default=1, help="times each candidate runs (default 1)")
    parser.add_argument("--sample", type=int, default=3000, help="events for the naive loop (default 3000)")
    parser.add_argument("--processes", type=_counts, default=[], help="members of the group, such as 1,2,4")
    parser.add_argument("--candidate", choices=sorted(CANDIDATES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.candidate:
        candidate(options.candidate, options.events)
        return
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options.events, options.sample, options.rounds), as_json=options.json)
        emit(share(options.processes, options.events), as_json=options.json)


def _counts(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


if __name__ == "__main__":
    main()
