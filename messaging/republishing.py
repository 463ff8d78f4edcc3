"""Filling a topic again from the database's own history: for one that was deleted, or a cluster that was lost.

A room that keeps the history of a topic's streams says how to owe it anew, in its module `republish.py`:

    @republishes("orders.events")
    def republish_orders() -> int: ...

Event ids, sequences and times stay what they were: readers tell every repeat by its sequence and apply nothing twice.
Stop the relay meanwhile. Else what it tells before the older facts are owed again comes before them, and although
readers put that right, the topic stays out of order for whoever reads it next.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.module_loading import autodiscover_modules

#: Writes outbox rows for a topic's whole history, in the order of each stream, and returns how many.
Source = Callable[[], int]

_sources: dict[str, Source] = {}


class CannotRepublish(LookupError):
    """No room keeps the history of this topic."""


def republishes(topic: str) -> Callable[[Source], Source]:
    """Declare the decorated function as the topic's source."""

    def declare(source: Source) -> Source:
        if topic in _sources:
            raise RuntimeError(f"two sources are declared for {topic}")
        _sources[topic] = source
        return source

    return declare


def republish(topic: str) -> int:
    """Owe a topic's whole history to it again; the relay does the rest. Returns the number of events.

    Raises:
        CannotRepublish: its history is not kept.
    """
    autodiscover_modules("republish")
    if topic not in _sources:
        raise CannotRepublish(
            f"the history of {topic} is not kept, so it cannot be filled again: only {', '.join(sorted(_sources))} can"
        )
    return _sources[topic]()
