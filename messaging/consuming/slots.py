"""Counting stream traffic once: records without a sequence, told apart by the slot of time that they are of.

A record says its slot's number. So many slots are a bucket, a row, that knows which of its slots it has seen: a repeat
changes nothing and the order of records means nothing, so a replay, or a topic read ten times over, gives the same
rows. Old buckets go when newer ones come, by the records' own time: that, too, comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection, models

from .arrays import plain, texts

#: Slots in a bucket; one bit each.
SLOTS = 20


class Slots(models.Model):
    """A bucket of a key; subclasses add the columns that are summed, and a unique constraint over the first three."""

    #: Slots in a wall second.
    PER_SECOND = 4

    generation = models.PositiveIntegerField()
    key = models.CharField(max_length=60)
    bucket = models.BigIntegerField(help_text="number of its first slot, divided by how many it has")
    seen = models.BigIntegerField(help_text="a bit for each slot that was counted")

    class Meta:
        abstract = True

    @property
    def began(self) -> datetime:
        """Wall time."""
        return datetime.fromtimestamp(self.bucket * SLOTS / self.PER_SECOND, UTC)

    @property
    def ticks(self) -> int:
        """Slots counted."""
        return self.seen.bit_count()


#: A key, a slot's number, and the values to sum.
Sample = tuple[str, int, tuple[int, ...]]


def count(
    table: type[Slots], columns: Sequence[str], samples: Iterable[Sample], *, generation: int, keep: int
) -> dict[str, tuple[int, int]]:
    """Add samples to a table's buckets, and keep the newest `keep` of each key; the first and last bucket that each
    key's samples fell in.

    Of two different samples of one slot the first counts. Call it under the lock of the stored offset, as handlers
    are: a key is in one partition, so nobody else counts it meanwhile.
    """
    found: dict[tuple[str, int], dict[int, tuple[int, ...]]] = {}
    for key, number, values in samples:
        bucket, slot = divmod(number, SLOTS)
        found.setdefault((key, bucket), {}).setdefault(slot, values)
    if not found:
        return {}
    places = sorted(found)
    name, summed = connection.ops.quote_name(table._meta.db_table), ", ".join(columns)
    with connection.cursor() as cursor:
        keys, buckets = texts([key for key, _ in places]), plain([bucket for _, bucket in places])
        cursor.execute(
            f"SELECT key, bucket, seen, {summed} FROM {name} JOIN unnest(%s::text[], %s::bigint[])"
            " AS touched (key, bucket) USING (key, bucket) WHERE generation = %s",
            [keys, buckets, generation],
        )
        known = {(key, bucket): (seen, *sums) for key, bucket, seen, *sums in cursor.fetchall()}
        rows = [_added(known.get(place, (0,) * (1 + len(columns))), found[place]) for place in places]
        cursor.execute(
            f"INSERT INTO {name} (generation, key, bucket, seen, {summed})"
            f" SELECT %s, * FROM unnest(%s::text[], %s::bigint[]{', %s::bigint[]' * (1 + len(columns))})"
            " ON CONFLICT (generation, key, bucket) DO UPDATE SET"
            f" {', '.join(f'{column} = EXCLUDED.{column}' for column in ('seen', *columns))}",
            [generation, keys, buckets, *(plain(column) for column in zip(*rows, strict=True))],
        )
        cursor.execute(
            f"DELETE FROM {name} AS old USING (SELECT key, max(bucket) AS newest FROM {name}"
            " WHERE generation = %s AND key = ANY(%s::text[]) GROUP BY key) AS head"
            " WHERE old.generation = %s AND old.key = head.key AND old.bucket <= head.newest - %s",
            [generation, texts(sorted({key for key, _ in places})), generation, keep],
        )
    touched: dict[str, tuple[int, int]] = {}
    for key, bucket in places:
        touched[key] = (touched.get(key, (bucket, bucket))[0], bucket)
    return touched


def _added(known: Sequence[int], slots: dict[int, tuple[int, ...]]) -> list[int]:
    seen, *sums = known
    for slot, values in slots.items():
        if not seen >> slot & 1:
            seen |= 1 << slot
            sums = [total + value for total, value in zip(sums, values, strict=True)]
    return [seen, *sums]
