"""Members of a consumer group: more of them, and a longer topic before them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import orders_stream
from benchmarks.processes import memory, running, stopped, wait

from .setting import PARTITIONS, Found, fresh_names

GROUP = "metrics"
COMMAND = ("manage.py", "consume", GROUP)


def apply(count: int, events: int) -> Found:
    """From the moment that so many members go on, with everything in the topic, until all of it is committed."""
    prepare()
    with running(*[COMMAND] * count) as members:
        # Each member's arrival deals the partitions out anew.
        wait_for_partitions()
        time.sleep(2)
        with stopped(members):
            events = orders_stream.fill(events)
        began = time.perf_counter()
        wait(lambda: applied() >= events, within=300, what=f"{count} members to apply {events} events", every=0.02)
        return Found(events / (time.perf_counter() - began), memory(members))


def growing(sizes: list[int], sample: int) -> Iterator[tuple[int, Found]]:
    """One member at the end of a topic that has grown to each size, and its rate over the next `sample` events."""
    prepare()
    done = 0
    with running(COMMAND) as members:
        wait_for_partitions()
        for size in sizes:
            done += orders_stream.fill(size - done, after=done // orders_stream.PER_ORDER)
            wait(lambda done=done: applied() >= done, within=300, what="the topic to be read", every=0.05)  # type: ignore[misc]
            with stopped(members):
                more = orders_stream.fill(sample, after=done // orders_stream.PER_ORDER)
            done += more
            began = time.perf_counter()
            wait(lambda done=done: applied() >= done, within=300, what="the sample to be read")  # type: ignore[misc]
            yield size, Found(more / (time.perf_counter() - began), memory(members))


def prepare() -> None:
    """Topics under new names, and a read model that knows nothing."""
    from django.db import connection
    from django.db.models import Model

    from messaging.consuming.group import get_group
    from messaging.models import Generation, ParkedRecord, StoredOffset, StreamSequence

    group = get_group(GROUP)
    fresh_names(group.topics)
    models: list[type[Model]] = [*group.tables, Generation, ParkedRecord, StoredOffset, StreamSequence]
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")


def wait_for_partitions() -> None:
    from messaging.consuming.group import get_group
    from messaging.models import StoredOffset

    wanted = PARTITIONS * len(get_group(GROUP).topics)
    wait(lambda: StoredOffset.objects.count() >= wanted, within=60, what="the group to have its partitions")


def applied() -> int:
    from django.db.models import Sum

    from messaging.models import StoredOffset

    return int(StoredOffset.objects.aggregate(Sum("events_applied"))["events_applied__sum"] or 0)
