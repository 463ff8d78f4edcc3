"""One transaction a batch: lock the stored offset, apply what is fresh, store the offset. Once, or not at all."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import ProgrammingError, connection, transaction

from messaging import tracing
from messaging.envelope import Envelope

from . import keeping
from .failures import TRANSIENT, Busy, Invalid, TooManyDeadLetters
from .group import Group
from .held import Held
from .once import SiftedOnce
from .positions import (
    Position,
    known_sequences,
    live_number,
    lock_position,
    store_position,
    store_sequences,
)
from .records import Record
from .sieve import Sieve, Sifted, keys_of

log = logging.getLogger("messaging.consuming")


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, as polled. `start` is the position before the poll: compaction leaves holes, so the
    first record's offset may be higher without anything missing. `incarnation` is the topic's id ("": not known).
    """

    topic: str
    partition: int
    start: int
    next: int
    records: Sequence[Record]
    incarnation: str = ""
    #: Where several groups are fed with it.
    once: SiftedOnce | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """Where to read on, and how many events had an effect."""

    next: int
    events: int = 0


def apply_batch(group: Group, batch: Batch, *, generation: int | None = None, held: Held | None = None) -> Applied:
    """Apply a batch to a generation (default: the live one) and commit; the answer may point back or ahead.

    `held` keeps the sequences of a generation that is being built; else they are kept in the same transaction. The
    commits on its way need not reach the disk: the swap's will, and all before it.

    Raises:
        Retry, Busy, django.db.OperationalError: nothing was applied; the same batch must come again.
        TooManyDeadLetters: nothing was applied; a person must look first.
    """
    while True:
        with transaction.atomic():
            if held is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL synchronous_commit = off")
            number = live_number(group.name) if generation is None else generation
            position = lock_position(group.name, number, batch.topic, batch.partition, incarnation=batch.incarnation)
            if generation is None and live_number(group.name) != number:
                continue  # A replay was swapped in while this waited for the lock.
            applied = _apply_locked(group, number, position, batch, loud=generation is None, held=held)
        if held is not None:
            held.settle(batch.topic, batch.partition, applied.next)
        return applied


def _apply_locked(
    group: Group, generation: int, position: Position, batch: Batch, *, loud: bool, held: Held | None
) -> Applied:
    if held is not None:
        held.settle(batch.topic, batch.partition, position.next)
    if batch.incarnation and position.incarnation and batch.incarnation != position.incarnation:
        # Another topic under the same name: its offsets say nothing about the old one's. Sequences still do.
        store_position(position, next=0, incarnation=batch.incarnation, applied=0)
        return Applied(next=0)
    if batch.start > position.next:
        return Applied(next=position.next)
    if batch.next <= position.next:
        return Applied(next=position.next)
    records, once = batch.records, batch.once
    if records and records[0].offset < position.next:
        records, once = [record for record in records if record.offset >= position.next], None
    began = time.time_ns()
    sifted = take(group, generation, batch.topic, batch.partition, records, once=once, loud=loud, held=held)
    if held is not None:
        held.propose(batch.topic, batch.partition, next=batch.next, last=sifted.last)
    if loud:
        tracing.follow(group.name, sifted.fresh, began=began)
    events = len(sifted.fresh) + sifted.unused
    store_position(position, next=batch.next, incarnation=batch.incarnation or position.incarnation, applied=events)
    return Applied(next=batch.next, events=events)


def take(
    group: Group,
    generation: int,
    topic: str,
    partition: int,
    records: Sequence[Record],
    *,
    keys: Sequence[str] = (),
    once: SiftedOnce | None = None,
    loud: bool = True,
    held: Held | None = None,
) -> Sifted:
    """Sift records, let the handler write, and keep what waits. Call it under the stored offset's lock.

    `keys` have their parked records looked at again. `once` are the same records, sifted for several groups. Without
    `loud` no dead letter, incident or limit is kept: the live generation has told of the same record.
    """
    touched = once.keys() if once and not keys else sorted(keys_of(records).union(keys))
    last = held.known(topic, touched) if held else known_sequences(group.name, generation, topic, touched)
    parked = keeping.parked_records(group.name, generation, topic, touched)
    pardoned = keeping.pardoned(group.name, topic, partition)
    refused: dict[tuple[int, int], str] = {}
    while True:
        same = once if not (parked or refused or pardoned or keys) else None
        sifted = same.sifted(last, group.types) if same else None
        if sifted is None:
            sifted = Sieve(last, parked, refused, pardoned, group.types).sift(records, keys=keys)
        culprit = _handle(group, generation, sifted.fresh, held)
        if culprit is None:
            break
        refused[culprit.event.partition, culprit.event.offset] = str(culprit)
        if loud and len(refused) > group.dead_letter_limit:
            raise TooManyDeadLetters(f"{len(refused)} events of one batch are invalid, the last: {culprit}")
    if held is None:
        store_sequences(group.name, generation, topic, sifted.last)
    _keep(group, generation, sifted, loud=loud)
    return sifted


def _handle(group: Group, generation: int, events: Sequence[Envelope], held: Held | None) -> Invalid | None:
    """Let the handler write; the event it cannot apply, if there is one, and then nothing is written."""
    if not events:
        return None
    try:
        with transaction.atomic(), _at_work(held):
            group.handler(events, generation=generation)
    except Invalid as error:
        return error
    except (*TRANSIENT, Busy, ProgrammingError):
        # ProgrammingError: a table or column is missing, which no event is to blame for.
        raise
    except Exception as error:
        culprit = _find_culprit(group, generation, events, held)
        if culprit is None:
            raise
        log.exception("group %s cannot apply %s", group.name, culprit.event.type, exc_info=error)
        return culprit
    return None


def _find_culprit(group: Group, generation: int, events: Sequence[Envelope], held: Held | None) -> Invalid | None:
    """Which event makes the handler fail: each is tried alone, on top of those before it, and all is rolled back."""
    try:
        with transaction.atomic(), _at_work(held):
            for event in events:
                try:
                    with transaction.atomic():
                        group.handler([event], generation=generation)
                except (*TRANSIENT, Busy):
                    raise
                except Invalid as error:
                    raise _Found(error) from error
                except Exception as error:
                    raise _Found(Invalid(event, f"{type(error).__name__}: {error}")) from error
            raise _Found(None)
    except _Found as found:
        return found.culprit


class _Found(Exception):
    def __init__(self, culprit: Invalid | None) -> None:
        self.culprit = culprit


def _keep(group: Group, generation: int, sifted: Sifted, *, loud: bool) -> None:
    if sifted.unparked:
        keeping.unpark(sifted.unparked)
    if sifted.parked:
        keeping.park(group.name, generation, sifted.parked)
    if not loud:
        return
    if sifted.dead:
        keeping.bury(group, sifted.dead)
    if sifted.unparked:
        keeping.settle_letters(group.name, sifted.unparked)
    if sifted.parked or sifted.unparked:
        keeping.tell_of_parked(group.name, generation)


def _at_work(held: Held | None) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if held is None else held.handling()
