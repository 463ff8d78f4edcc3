"""Consumer groups as their rooms declare them: a name, topics, and a function from events to writes.

    @consumer_group("metrics", topics=["orders.events"], tables=[OrderFact])
    def metrics(events: Sequence[Envelope], *, generation: int) -> None: ...

in the file `groups.py` of an installed app. Everything else belongs to the runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Model
from django.utils.module_loading import autodiscover_modules

from messaging.catalogue import load_event_types
from messaging.envelope import Envelope, Event

#: A fetch brings some 7,000 events of a partition, and a row that they touch together is written once for all of them.
#: A bound near that would cut each fetch into a large batch and a crumb, with a transaction of its own.
BATCH = 24_000


class Handler(Protocol):
    """Writes the effect of events, each fresh and next in its key, with set-based SQL, in the runtime's transaction.

    It may raise Retry, Invalid or Busy. Rows it writes carry `generation`. It must not talk to anything outside the
    database: the transaction may be rolled back and the same events come again.
    """

    def __call__(self, events: Sequence[Envelope], *, generation: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group. `tables` are its read model: each has a `generation` column."""

    name: str
    topics: tuple[str, ...]
    handler: Handler
    tables: tuple[type[Model], ...] = ()
    #: Names of the event types that the handler uses (None: all). The data of others are not read.
    types: frozenset[str] | None = None
    #: Groups with effects outside their tables (notices to people) must not be replayed.
    replayable: bool = True
    #: A replay removes the rows of the generation it replaces; an append-only table keeps them.
    keeps_retired: bool = False
    #: Open dead letters past which the group stops.
    dead_letter_limit: int = 100
    #: Records in one transaction, at most.
    batch: int = BATCH
    #: Milliseconds in which records gather before they are fetched: fewer, larger transactions, a little later.
    gather_ms: int = 0
    #: Large batches of two partitions are applied at a time, by two threads: for handlers that keep nothing in memory
    #: between their calls, and write their rows in one order, as two members of the group would have to.
    side_by_side: bool = False
    #: How much a rebuild of it takes beside others', for dealing them out to processes.
    weight: int = 1


_groups: dict[str, Group] = {}


def consumer_group(
    name: str,
    *,
    topics: Sequence[str],
    tables: Sequence[type[Model]] = (),
    types: Collection[type[Event]] | None = None,
    replayable: bool = True,
    keeps_retired: bool = False,
    dead_letter_limit: int = 100,
    batch: int = BATCH,
    gather_ms: int = 0,
    side_by_side: bool = False,
    weight: int = 1,
) -> Callable[[Handler], Handler]:
    """Declare the decorated handler's group; see `Group` for the options."""

    def declare(handler: Handler) -> Handler:
        if name in _groups:
            raise RuntimeError(f"consumer group {name!r} is declared twice")
        _groups[name] = Group(
            name=name,
            topics=tuple(topics),
            handler=handler,
            tables=tuple(tables),
            types=None if types is None else frozenset(one.type for one in types),
            replayable=replayable,
            keeps_retired=keeps_retired,
            dead_letter_limit=dead_letter_limit,
            batch=batch,
            gather_ms=gather_ms,
            side_by_side=side_by_side,
            weight=weight,
        )
        return handler

    return declare


def all_groups() -> list[Group]:
    """Every declared group, from the `groups` modules of the installed apps, with all event types loaded."""
    load_event_types()
    autodiscover_modules("groups")
    return list(_groups.values())


def get_group(name: str) -> Group:
    """The group of this name.

    Raises:
        LookupError: no app declares it.
    """
    groups = {group.name: group for group in all_groups()}
    if name not in groups:
        raise LookupError(f"no consumer group {name!r}: there are {', '.join(sorted(groups)) or 'none'}")
    return groups[name]
