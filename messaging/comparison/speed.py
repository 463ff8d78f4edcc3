"""From send to receive, and how many a second: measured here, with what Amazon states beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from kafka import TopicPartition

from .notes import Notes
from .queues import delete, drain, send, take
from .sources import FIFO_RATE, STANDARD_RATE
from .stage import Stage
from .topics import produce, read, reader

#: Characters of a message whose rate is measured.
BODY = 200
#: Seconds for which a receiver waits for the one message; also the longest that a Ctrl-C waits for it.
PATIENCE = 10


def speed(stage: Stage, notes: Notes) -> None:
    timed, poured = stage.size.timed, stage.size.poured
    notes.do(f"{timed} messages one at a time to a receiver that waits; then {poured:,} of {BODY} characters at once")
    queue = latencies(timed, *queue_ends(stage))
    log = latencies(timed, *topic_ends(stage))
    bodies = [f"{number:0{BODY}}" for number in range(poured)]

    url = stage.queue("speed", VisibilityTimeout=120)
    began = time.monotonic()
    send(stage.client, url, bodies)
    sent = time.monotonic()
    got = drain(stage.client, [url], receivers=1, total=poured)
    queue_rates = poured / (sent - began), poured / (got[-1].at - sent)

    topic = stage.topic("speed")
    consumer = reader(stage, topic, max_poll_records=500)
    began = time.monotonic()
    produce(stage.producer, topic, bodies)
    sent = time.monotonic()
    found = len(read(consumer, poured))
    log_rates = poured / (sent - began), poured / (time.monotonic() - sent)

    through = len({one.body for one in got})
    notes.sqs(f"send to receive: {queue[0]:.1f} ms in the middle; {through:,} messages through", held=through == poured)
    notes.kafka(f"send to receive: {log[0]:.1f} ms in the middle; {found:,} messages through", held=found == poured)
    notes.table(
        "One sender, one receiver, on this machine",
        ("", "median, ms", "95 %, ms", "sent/s", "received/s"),
        (
            ("queue", round(queue[0], 1), round(queue[1], 1), *(round(rate) for rate in queue_rates)),
            ("topic", round(log[0], 1), round(log[1], 1), *(round(rate) for rate in log_rates)),
        ),
    )
    notes.limit(
        "The queue is a server that speaks SQS's protocol and writes to this disk; Amazon's is reached over a network"
        " and adds what that takes, and takes on more than this machine can send."
    )
    notes.cite(STANDARD_RATE, FIFO_RATE)


def latencies(count: int, put: Callable[[str], None], get: Callable[[], None]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, from before the send until after the receive."""
    times = []
    with ThreadPoolExecutor(1) as pool:
        for number in range(count):
            waiting = pool.submit(get)
            # Let it open its poll first: what is measured is a receiver that waits.
            time.sleep(0.02)
            began = time.monotonic()
            put(f"{number}")
            waiting.result(timeout=30)
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def queue_ends(stage: Stage) -> tuple[Callable[[str], None], Callable[[], None]]:
    url = stage.queue("latency")

    def get() -> None:
        messages = take(stage.client, url, wait=PATIENCE)
        if not messages:
            raise TimeoutError(f"a message was not received within {PATIENCE} s")
        delete(stage.client, url, messages)

    return lambda body: send(stage.client, url, [body]), get


def topic_ends(stage: Stage) -> tuple[Callable[[str], None], Callable[[], None]]:
    topic = stage.topic("latency")
    consumer = reader(stage, topic, fetch_max_wait_ms=500)
    consumer.position(TopicPartition(topic, 0))

    def get() -> None:
        if not consumer.poll(timeout_ms=PATIENCE * 1000):
            raise TimeoutError(f"a record was not read within {PATIENCE} s")

    return lambda body: produce(stage.producer, topic, [body]), get
