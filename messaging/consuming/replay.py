"""Replay: build a read model again from the stream, beside the live one, and put it in its place."""

from __future__ import annotations

import contextlib
import logging
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from messaging.models import Generation, ParkedRecord, StoredOffset, StreamSequence

from .batch import Applied, Batch, apply_batch
from .failures import TRANSIENT, Busy
from .group import Group
from .held import Held
from .keeping import tell_of_parked
from .positions import live_number, lock_position, store_position
from .topics import Place, reading

log = logging.getLogger("messaging.consuming")


class CannotReplay(Exception):
    """The group refuses replay, or another replay of it runs now."""


@dataclass(slots=True)
class Progress:
    """How far a rebuild is: records read of those to read, and events applied, since `began` (monotonic seconds).

    `seconds` is what the whole took, once it is done.
    """

    began: float
    read: int = 0
    total: int = 0
    events: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.read / max(1e-6, time.monotonic() - self.began)


Report = Callable[[Progress], None]


class Reader(Protocol):
    """Gives a group's topics from their start: a `TopicReader`, or a share of one."""

    def starts(self) -> dict[Place, int]: ...

    def ends(self) -> dict[Place, int]: ...

    def incarnation(self, topic: str) -> str: ...

    def poll(self, *, timeout_ms: int = 500, until: Mapping[Place, int] | None = None) -> Iterator[Batch]: ...


def replay(group: Group, *, reader: Reader | None = None, report: Report = lambda progress: None) -> Progress:
    """Build the group's next generation and make it the live one; readers see one or the other, never a mixture.

    Without a `reader` it reads by itself.

    Raises:
        CannotReplay: the group has outside effects, or is being replayed already.
        messaging.kafka.Unreachable: no broker answers.
    """
    if not group.replayable:
        raise CannotReplay(f"group {group.name} has effects outside its tables: it cannot be replayed")
    with only_one(group, "replay"):
        forget_unfinished(group)
        number = begin_generation(group)
        with contextlib.nullcontext(reader) if reader else reading(group) as source:
            progress = Progress(began=time.monotonic(), total=sum(source.ends().values()))
            held = Held(group.name, number)
            begin_at_start(group, number, source)
            while True:
                catch_up(group, number, source, held, progress, report)
                held.write(stored_positions(group, number))
                retired = swap(group, number)
                if retired is not None:
                    break
        remove_generation(group, retired)
        progress.seconds = time.monotonic() - progress.began
        return progress


def catch_up(group: Group, number: int, reader: Reader, held: Held, progress: Progress, report: Report) -> None:
    """Apply what the topics hold up to now, or to where the live generation is, whichever is further."""
    goal = reader.ends()
    while behind(reader.starts(), goal):
        for batch in reader.poll():
            applied = apply_patiently(group, batch, number, held)
            if applied.next != batch.next:
                raise CannotReplay(
                    f"{batch.topic}[{batch.partition}] was applied up to {applied.next}, not {batch.next}: the topic"
                    " was made again, or PostgreSQL lost its last commits in a crash. Begin again."
                )
            progress.events += applied.events
            progress.read += batch.next - batch.start
            if held.full():
                held.write(stored_positions(group, number))
        progress.total = max(progress.total, progress.read)
        report(progress)


def begin_at_start(group: Group, number: int, reader: Reader) -> None:
    """Give a new generation its stored offsets: where each partition's log begins, which need not be 0."""
    for (topic, partition), offset in reader.starts().items():
        incarnation = reader.incarnation(topic)
        with transaction.atomic():
            position = lock_position(group.name, number, topic, partition, incarnation=incarnation)
            store_position(position, next=offset, incarnation=incarnation, applied=0)


def apply_patiently(group: Group, batch: Batch, number: int, held: Held) -> Applied:
    """Apply a batch; what passes (a lost connection, a busy handler) is waited out, for about a minute in all."""
    for pause in (0.2, 0.5, 1, 2, 5, 10, 20, 20):
        try:
            return apply_batch(group, batch, generation=number, held=held)
        except (*TRANSIENT, Busy) as error:
            log.warning("replay of %s: %s; again in %.1f s", group.name, error, pause)
            time.sleep(pause)
            close_old_connections()
    return apply_batch(group, batch, generation=number, held=held)


def behind(positions: dict[Place, int], goal: dict[Place, int]) -> bool:
    return any(positions.get(place, 0) < offset for place, offset in goal.items())


@transaction.atomic
def swap(group: Group, number: int) -> int | None:
    """Make a generation the live one; the number of the one it replaces, or None while it is behind that one.

    Under the live one's offset locks: its consumer is between two batches, and its next one finds the new generation.
    """
    live = live_number(group.name)
    old = stored_positions(group, live, lock=True)
    if behind(stored_positions(group, number), old):
        return None
    Generation.objects.filter(group=group.name, number=live).update(state=Generation.State.RETIRED)
    Generation.objects.filter(group=group.name, number=number).update(state=Generation.State.LIVE, live_at=Now())
    tell_of_parked(group.name, number)
    return live


def stored_positions(group: Group, number: int, *, lock: bool = False) -> dict[Place, int]:
    rows = StoredOffset.objects.filter(group=group.name, generation=number).order_by("topic", "partition")
    if lock:
        rows = rows.select_for_update()
    return {(row.topic, row.partition): row.position for row in rows}


@transaction.atomic
def begin_generation(group: Group) -> int:
    """A new generation's number, one above all before it."""
    live_number(group.name)
    highest = Generation.objects.filter(group=group.name).aggregate(highest=Max("number"))["highest"]
    return Generation.objects.create(group=group.name, number=highest + 1, state=Generation.State.BUILDING).number


def forget_unfinished(group: Group) -> None:
    """Remove what a replay that was killed has left."""
    for row in Generation.objects.filter(group=group.name, state=Generation.State.BUILDING):
        Generation.objects.filter(pk=row.pk).update(state=Generation.State.RETIRED)
        remove_generation(group, row.number)


def remove_generation(group: Group, number: int) -> None:
    """Remove a retired generation's offsets, sequences and parked records, and its rows unless they are kept."""
    for model in (StoredOffset, StreamSequence, ParkedRecord):
        model._default_manager.filter(group=group.name, generation=number).delete()
    if not group.keeps_retired:
        with connection.cursor() as cursor:
            for table in group.tables:
                name = connection.ops.quote_name(table._meta.db_table)
                cursor.execute(f"DELETE FROM {name} WHERE generation = %s", [number])


@contextlib.contextmanager
def only_one(group: Group, what: str) -> Iterator[None]:
    """Hold the group's lock for this kind of work on this connection.

    Raises:
        CannotReplay: another process holds it.
    """
    key = zlib.crc32(f"forkroad {what} {settings.FORKROAD_NAMESPACE} {group.name}".encode()) & 0x7FFFFFFF
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise CannotReplay(f"a {what} of group {group.name} runs already: wait for its end")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
