"""A rebuild that changes nothing: does the stream give what the live read model holds?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction

from messaging.models import Generation

from .batch import apply_batch
from .group import Group
from .positions import SCRATCH, live_number
from .replay import Progress, Report, begin_at_start, behind, only_one, stored_positions
from .topics import reading

#: Differences named for each table, at most.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that only one side has: the live model ("live"), or the one rebuilt from the stream ("rebuilt")."""

    group: str
    table: str
    only_in: str
    row: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.group}: {self.table} has a row only in the {self.only_in} model: {self.row}"


def rebuild_and_compare(group: Group, *, report: Report = lambda progress: None) -> list[Difference]:
    """Rebuild the group's tables from the topics up to the live offsets, compare, and roll all of it back.

    One snapshot holds the live rows and the live offsets that belong to them, so the live consumer goes on meanwhile.
    An empty list means that a replay would give what the live model holds. Call it outside a transaction.

    Raises:
        CannotReplay: another comparison of this group runs.
        messaging.kafka.Unreachable: no broker answers.
    """
    if connection.in_atomic_block:
        raise RuntimeError("rebuild_and_compare needs a transaction of its own: call it outside any")
    live_number(group.name)
    with only_one(group, "comparison"), reading(group) as reader, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        live = Generation.objects.values_list("number", flat=True).get(group=group.name, state="live")
        goal = stored_positions(group, live)
        progress = Progress(began=time.monotonic(), total=sum(goal.values()))
        begin_at_start(group, SCRATCH, reader)
        ends = reader.ends()
        # A topic that is shorter than what was read cannot give it again: read what there is, and show the rest.
        reachable = {place: min(offset, ends.get(place, 0)) for place, offset in goal.items()}
        while behind(reader.starts(), reachable):
            for batch in reader.poll(until=reachable):
                progress.events += apply_batch(group, batch, generation=SCRATCH).events
                progress.read += batch.next - batch.start
            report(progress)
        differences = [one for table in group.tables for one in compare_table(group, table, live)]
        transaction.set_rollback(True)
    return differences


def compare_table(group: Group, table: type[models.Model], live: int) -> list[Difference]:
    """Rows of either side that the other lacks, as multisets, without their ids and generation."""
    columns = [field.column for field in table._meta.concrete_fields if not field.primary_key]
    columns = [column for column in columns if column != "generation"]
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    source = connection.ops.quote_name(table._meta.db_table)
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for side, one, other in (("live", live, SCRATCH), ("rebuilt", SCRATCH, live)):
            cursor.execute(
                f"SELECT {names} FROM {source} WHERE generation = %s"
                f" EXCEPT ALL SELECT {names} FROM {source} WHERE generation = %s LIMIT {SHOWN}",
                [one, other],
            )
            found += [
                Difference(group.name, table._meta.db_table, side, dict(zip(columns, row, strict=True)))
                for row in cursor.fetchall()
            ]
    return found
