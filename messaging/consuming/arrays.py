"""PostgreSQL's array literals for set-based statements: `cursor.execute("… unnest(%s::bigint[])", [plain(ids)])`.

psycopg writes a Python list item by item, which costs some 2 µs each: with nine columns that was a third of what the
metrics group spent on an event. Here a column is one join.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID


def plain(values: Iterable[int | float | datetime | UUID | None]) -> str:
    """Values whose text needs no quotes; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Sequence[str]) -> str:
    """Any text, save that PostgreSQL stores no NUL."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return '{"' + joined + '"}'
