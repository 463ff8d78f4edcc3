"""Where a group stands: its live generation, and the stored offset under whose lock everything is applied."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Subquery
from django.db.models.functions import Now

from messaging.models import Generation

from .arrays import plain, texts
from .copying import copy_in, escaped

#: Never a live one: the generation that a rebuild writes and rolls back.
SCRATCH = 0


LOCK = (
    "SELECT id, position, incarnation FROM messaging_storedoffset"
    ' WHERE "group" = %s AND generation = %s AND topic = %s AND partition = %s FOR UPDATE'
)


@dataclass(frozen=True, slots=True)
class Position:
    """A locked stored offset: `next` is the offset to apply next in the topic of this incarnation."""

    id: int
    next: int
    incarnation: str


def live_number(group: str) -> int:
    """The generation that readers see and the consumer writes; a group's first is made here."""
    number = (
        Generation.objects.filter(group=group, state=Generation.State.LIVE).values_list("number", flat=True).first()
    )
    if number is not None:
        return number
    # Two consumers may start a new group at once: the unique indexes let one row through.
    Generation.objects.bulk_create(
        [Generation(group=group, number=1, state=Generation.State.LIVE, live_at=Now())], ignore_conflicts=True
    )
    return Generation.objects.values_list("number", flat=True).get(group=group, state=Generation.State.LIVE)


def live_generation(group: str) -> Subquery:
    """The same as an expression, for `.filter(generation=live_generation("metrics"))`: one query, always current."""
    live = Generation.objects.filter(group=group, state=Generation.State.LIVE)
    return Subquery(live.values("number")[:1])


def lock_position(group: str, generation: int, topic: str, partition: int, *, incarnation: str = "") -> Position:
    """The stored offset of a partition under its row lock, made at 0 where there was none."""
    key: list[str | int] = [group, generation, topic, partition]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, key)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                'INSERT INTO messaging_storedoffset ("group", generation, topic, partition, incarnation, position,'
                " events_applied, updated_at) VALUES (%s, %s, %s, %s, %s, 0, 0, clock_timestamp())"
                " ON CONFLICT DO NOTHING",
                [*key, incarnation],
            )
            cursor.execute(LOCK, key)
            row = cursor.fetchone()
        return Position(*row)


def store_position(position: Position, *, next: int, incarnation: str, applied: int) -> None:
    """Move a locked stored offset, and count the events applied on the way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_storedoffset SET position = %s, incarnation = %s,"
            " events_applied = events_applied + %s, updated_at = clock_timestamp() WHERE id = %s",
            [next, incarnation, applied, position.id],
        )


def known_sequences(group: str, generation: int, topic: str, keys: list[str]) -> dict[str, int]:
    """The last applied sequence of each key that has one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, last_sequence FROM messaging_streamsequence"
            ' WHERE "group" = %s AND generation = %s AND topic = %s AND key = ANY(%s::text[])',
            [group, generation, topic, texts(keys)],
        )
        return dict(cursor.fetchall())


def store_sequences(group: str, generation: int, topic: str, last: dict[str, int]) -> None:
    """Remember the last applied sequence of each key."""
    if not last:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO messaging_streamsequence ("group", generation, topic, key, last_sequence)'
            " SELECT %s, %s, %s, key, sequence FROM unnest(%s::text[], %s::bigint[]) AS new(key, sequence)"
            ' ON CONFLICT ("group", generation, topic, key) DO UPDATE SET last_sequence = EXCLUDED.last_sequence',
            [group, generation, topic, texts(list(last)), plain(last.values())],
        )


def add_sequences(group: str, generation: int, topic: str, last: dict[str, int]) -> None:
    """The same of keys that have none yet."""
    place = f"{escaped(group)}\t{generation}\t{escaped(topic)}"
    copy_in(
        'COPY messaging_streamsequence ("group", generation, topic, key, last_sequence) FROM STDIN',
        "".join([f"{place}\t{escaped(key)}\t{sequence}\n" for key, sequence in last.items()]),
    )
