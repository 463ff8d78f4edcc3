"""The metrics group as Quix Streams would have it: events in, a sink that writes in batches, two of its three tables.

Runs in a Python of its own (quixstreams and psycopg; its pins do not go with ours) and imports nothing of the project.
At least once, as its manual says of its sinks: a batch is written, then the checkpoint is committed. Large checkpoints,
as its manual advises for throughput.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from typing import Any

import psycopg
from quixstreams import Application  # type: ignore[import-not-found, unused-ignore]
from quixstreams.sinks import BatchingSink  # type: ignore[import-not-found, unused-ignore]

TOPIC = "orders.events"
GENERATION = 7777
FACTS = """
    INSERT INTO analytics_orderfact (generation, order_id, restaurant_id, zone, status, sequence, changed_at)
    SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])
    ON CONFLICT (generation, order_id) DO UPDATE SET status = EXCLUDED.status, sequence = EXCLUDED.sequence,
        changed_at = EXCLUDED.changed_at
"""
COUNTS = """
    INSERT INTO analytics_minutecount (generation, minute, restaurant_id, status, orders)
    SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::bigint[])
    ON CONFLICT (generation, minute, restaurant_id, status)
    DO UPDATE SET orders = analytics_minutecount.orders + EXCLUDED.orders
"""


class Tables(BatchingSink):  # type: ignore[misc, unused-ignore]
    def __init__(self, events: int) -> None:
        super().__init__()
        self.left = events
        self.began = self.ended = 0.0
        self.connection = psycopg.connect(os.environ["DATABASE_URL"])

    def write(self, batch: Any) -> None:
        facts: dict[str, tuple[Any, ...]] = {}
        counts: Counter[tuple[str, int, str]] = Counter()
        number = 0
        for item in batch:
            number += 1
            event, headers = item.value, dict(item.headers)
            at = headers["ce_time"].decode()
            facts[event["order_id"]] = (
                event["order_id"], event["restaurant_id"], event["zone"], event["status"],
                int(headers["ce_sequence"]), at,
            )  # fmt: skip
            counts[at[:16] + ":00+00:00", event["restaurant_id"], event["status"]] += 1
        for statement, rows in (
            (FACTS, sorted(facts.values())),
            (COUNTS, [(*k, n) for k, n in sorted(counts.items())]),
        ):
            columns = [list(column) for column in zip(*rows, strict=True)]
            self.connection.execute(statement, [GENERATION, *columns])
        self.connection.commit()
        self.left -= number
        self.ended = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidate")
    parser.add_argument("--events", type=int)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # It makes a folder for state even where nothing keeps any, and by itself in the folder it is started from.
    with tempfile.TemporaryDirectory(prefix="forkroad-quix-") as state:
        print(json.dumps(consume(options.events, state)))


def consume(events: int, state: str) -> dict[str, float]:
    """Seconds from the first event to the last commit, processor seconds, and events that did not come."""
    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group=f"bench-quix-{time.time_ns()}",  # Each run reads all of it again.
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=4000,
        commit_interval=5.0,
        loglevel="WARNING",
        state_dir=state,
    )
    name = f"{os.environ['FORKROAD_NAMESPACE']}.{TOPIC}"
    sink = Tables(events)
    frame = app.dataframe(app.topic(name, value_deserializer="json"))

    def begin(value: Any) -> Any:
        sink.began = sink.began or time.perf_counter()
        return value

    frame.apply(begin).sink(sink)
    before = time.process_time()
    app.run(count=events, timeout=60)
    return {"seconds": sink.ended - sink.began, "cpu": time.process_time() - before, "left": sink.left}


if __name__ == "__main__":
    main()
