"""What a person may do about parked records and dead letters of Kafka: try again after a fix, or wave through."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from messaging.models import DeadLetter, ParkedRecord

from .batch import take
from .group import get_group
from .keeping import from_row, pardon
from .positions import live_number, lock_position, store_position
from .records import Record, headers_from_json
from .sieve import Sifted


class StillInvalid(ValueError):
    """Tried again, the record could not be applied this time either; nothing was changed."""


def redrive_key(group: str, topic: str, key: str) -> int:
    """Apply what is parked of a key, as far as it goes in order; return how many events had an effect.

    Raises:
        LookupError: no such group.
        Retry, Busy, django.db.OperationalError: as from the group's handler; nothing was changed.
    """
    partition = (
        ParkedRecord.objects.filter(group=group, topic=topic, key=key).values_list("partition", flat=True).first()
    )
    return 0 if partition is None else len(_take(group, topic, partition, [], keys=[key]).fresh)


@transaction.atomic
def discard_record(row: ParkedRecord) -> int:
    """Wave a parked record through, and apply what follows; return how many events had an effect.

    Where it waits for a gap, the gap is accepted and the record itself applied. Where it is invalid, it is passed
    over. Replays remember: they decide the same.
    """
    pardon(row.group, from_row(row), key=row.key, reason=row.reason)
    return redrive_key(row.group, row.topic, row.key)


@transaction.atomic
def redrive(letter: DeadLetter) -> None:
    """Try a dead letter's record again, and what waits behind it; `letter` is already marked as redriven.

    Raises:
        StillInvalid: it cannot be applied yet.
        LookupError: no such group.
    """
    if letter.partition is None or letter.offset is None:
        raise StillInvalid("the letter does not say where its record stood")
    record = Record(
        topic=letter.source,
        partition=letter.partition,
        offset=letter.offset,
        headers=headers_from_json(letter.headers),
        value=None if letter.body is None else bytes(letter.body),
    )
    # A record that is parked meets itself there, by its sequence; one without key or sequence comes anew.
    sifted = _take(letter.group, letter.source, letter.partition, [record])
    for dead in sifted.dead:
        if (dead.record.partition, dead.record.offset) == (letter.partition, letter.offset):
            raise StillInvalid(f"it still cannot be applied: {dead.error}")


def discard(letter: DeadLetter) -> None:
    """Apply what waits behind a dead letter that is already marked as discarded: its record is passed over."""
    if letter.key:
        redrive_key(letter.group, letter.source, letter.key)


def _take(name: str, topic: str, partition: int, records: Sequence[Record], *, keys: Sequence[str] = ()) -> Sifted:
    group = get_group(name)
    while True:
        with transaction.atomic():
            number = live_number(name)
            position = lock_position(name, number, topic, partition)
            if live_number(name) != number:
                continue
            sifted = take(group, number, topic, partition, records, keys=keys)
            store_position(position, next=position.next, incarnation=position.incarnation, applied=len(sifted.fresh))
            return sifted
