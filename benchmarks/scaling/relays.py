"""Relays: more of them, and more in the outbox."""

from __future__ import annotations

import time

from benchmarks import outbox
from benchmarks.processes import memory, running, wait

from .setting import Found, fresh_names

COMMAND = ("manage.py", "relay", "--road", "kafka")


def drain(count: int, events: int) -> Found:
    """From the commit that fills the outbox until it is empty, with so many relays up."""
    fresh_names([outbox.TOPIC])
    with running(*[COMMAND] * count) as relays:
        # Lanes are shared out once a second; the first events make each relay's producer.
        time.sleep(1.5)
        outbox.prefill(800 * count)
        wait(lambda: not outbox.waiting(), within=60, what="the first events")
        began = outbox.prefill(events)
        wait(lambda: not outbox.waiting(), within=300, what=f"{count} relays to drain {events} events")
        return Found(events / (time.perf_counter() - began), memory(relays))
