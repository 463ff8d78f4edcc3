"""Which records of a batch a handler may see: each key's next ones, in order, whatever repeats or is missing.

Pure: it reads and writes nothing, so the runtime can sift the same batch again after it has learnt that one of its
events cannot be applied. The rule is the sequence alone: up to the last applied one, drop; the next, take; beyond it,
park. An invalid record parks without advancing its key, so all that follows in the key parks behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from messaging.envelope import Context, Envelope, InvalidEvent, decode, read_context

from .headers import MAX_SEQUENCE, RawHeaders
from .records import Record

#: Characters of a key that the tables can hold.
MAX_KEY = 120


@dataclass(frozen=True, slots=True)
class Dead:
    """An invalid record and why; `context` where its headers could be read."""

    record: Record
    error: str
    context: Context | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parked record: its key's sequence has not come so far, or it is invalid itself."""

    record: Record
    context: Context
    reason: str


@dataclass(slots=True)
class Sifted:
    """What to apply and what to write. `last` holds only keys that advanced; `unused` counts events that were next but
    of a type the handler does not use.
    """

    fresh: list[Envelope] = field(default_factory=list)
    unused: int = 0
    last: dict[str, int] = field(default_factory=dict)
    parked: list[Waiting] = field(default_factory=list)
    unparked: list[Record] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)


@dataclass(slots=True)
class Sieve:
    """Sifts one partition's records.

    `last` and `parked` are the stored state of the keys concerned. `refused` names records (by partition and offset)
    that the handler cannot apply, with the reason; `pardoned` those that a person waved through: a gap before one is
    accepted, and one that is invalid is passed over. `types` are those the handler uses (None: all of them): others
    advance their key in silence, and their data are not even read.
    """

    last: Mapping[str, int]
    parked: Mapping[str, Mapping[int, Record]]
    refused: Mapping[tuple[int, int], str]
    pardoned: frozenset[tuple[int, int]]
    types: frozenset[str] | None = None
    result: Sifted = field(default_factory=Sifted)
    waiting: dict[str, dict[int, Waiting]] = field(default_factory=dict)

    def sift(self, records: Iterable[Record], *, keys: Iterable[str] = ()) -> Sifted:
        """Sift records in their order; `keys` are looked at again even without a new record."""
        for key in keys:
            self._drain(key)
        stored, last, waiting, parked = self.last, self.result.last, self.waiting, self.parked
        for record in records:
            # Nearly every record: nothing of its key waits, and it is the next, or a repeat.
            context = record.context or self._context(record)
            if context is None:
                continue
            key, sequence = context.key, context.sequence
            if sequence is None:
                self._admit(record, context)
                continue
            known = last.get(key) or stored.get(key, 0)
            if sequence <= known:
                continue
            quiet = sequence == known + 1 and key not in waiting and key not in parked
            if not (quiet and self._admit(record, context, bury=False)):
                self._wait(record, context, sequence, known)
        self.result.parked = [
            waiting
            for of_key in self.waiting.values()
            for waiting in of_key.values()
            if waiting.record.parked_id is None
        ]
        return self.result

    def _context(self, record: Record) -> Context | None:
        """A record's attributes, or None where they cannot be read: it is dead."""
        try:
            return checked_context(record)
        except InvalidEvent as error:
            # No key, no sequence: nothing to park. Where it stood in a stream, its successor will show the gap.
            if (record.partition, record.offset) not in self.pardoned:
                self.result.dead.append(Dead(record, str(error), None))
            return None

    def _wait(self, record: Record, context: Context, sequence: int, known: int) -> None:
        """Take a record of a key with others waiting, or let it wait itself."""
        waiting = self._waiting(context.key)
        if sequence == known + 1:
            # Perhaps a repeat of the record that waits: a whole one in place of a broken one.
            if self._admit(record, context):
                self._drain(context.key)
            elif sequence not in waiting:
                waiting[sequence] = Waiting(record, context, "invalid: see its dead letter")
        elif sequence not in waiting:
            waiting[sequence] = Waiting(record, context, f"gap: {sequence} came, {known + 1} has not")
            if (record.partition, record.offset) in self.pardoned:
                self._drain(context.key)

    def _drain(self, key: str) -> None:
        """Take what waits for as long as it is next."""
        waiting = self._waiting(key)
        while waiting:
            known = self._known(key)
            for sequence in [sequence for sequence in waiting if sequence <= known]:
                self._unpark(waiting.pop(sequence))
            if not waiting:
                return
            first = waiting[min(waiting)]
            sequence = first.context.sequence or 0
            if sequence > known + 1:
                if (first.record.partition, first.record.offset) not in self.pardoned:
                    return
                self.result.last[key] = sequence - 1
            if not self._admit(first.record, first.context):
                return

    def _admit(self, record: Record, context: Context, *, bury: bool = True) -> bool:
        """Take a record that is next; False when it is invalid, which is noted unless `bury` is off."""
        event: Envelope | None = None
        try:
            if self.refused and (reason := self.refused.get((record.partition, record.offset))) is not None:
                raise InvalidEvent(reason)
            if self.types is None or context.type in self.types:
                event = record.event = record.event or decode(
                    record.headers,
                    record.value,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    context=context,
                )
            else:
                self.result.unused += 1
        except InvalidEvent as error:
            if (record.partition, record.offset) not in self.pardoned:
                if bury:
                    self.result.dead.append(Dead(record, str(error), context))
                return False
        if context.sequence is not None:
            self.result.last[context.key] = context.sequence
        if event is not None:
            self.result.fresh.append(event)
        return True

    def _unpark(self, waiting: Waiting) -> None:
        if waiting.record.parked_id is not None:
            self.result.unparked.append(waiting.record)

    def _known(self, key: str) -> int:
        return self.result.last.get(key, self.last.get(key, 0))

    def _waiting(self, key: str) -> dict[int, Waiting]:
        if key not in self.waiting:
            self.waiting[key] = {
                sequence: Waiting(record, checked_context(record), "")
                for sequence, record in self.parked.get(key, {}).items()
            }
        return self.waiting[key]


def checked_context(record: Record) -> Context:
    """A record's attributes, if the tables can hold them.

    Raises:
        InvalidEvent: missing, malformed, or out of range.
    """
    if record.context is not None:
        return record.context
    headers = record.headers
    context = headers.context() if isinstance(headers, RawHeaders) else read_context(headers)
    if not 0 < len(context.key) <= MAX_KEY or "\x00" in context.key:
        raise InvalidEvent(
            f"key {context.key[:MAX_KEY]!r} is empty, contains NUL or has more than {MAX_KEY} characters"
        )
    if context.sequence is not None and not 1 <= context.sequence <= MAX_SEQUENCE:
        raise InvalidEvent(f"sequence {context.sequence} is not a positive 64-bit number")
    record.context = context
    return context


def keys_of(records: Iterable[Record]) -> set[str]:
    """The streams that these records belong to."""
    found = set()
    for record in records:
        context = record.context
        if context is None:
            try:
                context = checked_context(record)
            except InvalidEvent:
                continue
        if context.sequence is not None:
            found.add(context.key)
    return found
