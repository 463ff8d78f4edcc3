"""A group's loop in a thread of the test, and what it needs to be asked."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

from messaging.consuming.group import Group, Handler, get_group
from messaging.consuming.lag import lag
from messaging.consuming.loop import GroupLoop
from messaging.models import StoredOffset
from tests.messaging.streams import make_topic
from tests.waiting import wait_for


def metrics(**changes: Any) -> Group:
    """The metrics group, with what a test wants otherwise; another handler still gets its real transaction."""
    return dataclasses.replace(get_group("metrics"), **changes)


def with_handler(handler: Handler, **changes: Any) -> Group:
    return metrics(handler=handler, **changes)


@contextlib.contextmanager
def running(group: Group, **kafka_changes: Any) -> Iterator[GroupLoop]:
    """The group's loop, with its partitions assigned."""
    loop = GroupLoop(group, **kafka_changes)
    with _turning([loop]):
        yield loop


@contextlib.contextmanager
def side_by_side(groups: list[Group]) -> Iterator[None]:
    """The loops of several groups, all with their partitions assigned: they join at the same time."""
    with _turning([GroupLoop(group) for group in groups]):
        yield


@contextlib.contextmanager
def _turning(loops: list[GroupLoop]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=loop.run, args=(stop,), name=f"test-{loop.group.name}") for loop in loops]
    for thread in threads:
        thread.start()
    try:
        for loop in loops:
            wait_for(loop.ready.is_set, within=30, what=f"group {loop.group.name} to get its partitions")
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def make_topics(group: Group) -> None:
    make_topic(*group.topics)


def caught_up(group: Group) -> bool:
    """Whether the group has applied all that its topics hold now."""
    from messaging.consuming import lag as module

    module._ends._known.clear()
    found = lag(group)
    return bool(found) and all(one.lag == 0 for one in found)


def wait_until_caught_up(group: Group, *, within: float = 20) -> None:
    wait_for(lambda: caught_up(group), within=within, what=f"group {group.name} to catch up")


def stored() -> dict[tuple[str, int], int]:
    return {(row.topic, row.partition): row.position for row in StoredOffset.objects.filter(group="metrics")}
