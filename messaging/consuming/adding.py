"""New rows of a table in one statement, column by column: a tenth of what `bulk_create` takes in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import CharField, Model

from .arrays import plain, texts

Row = Mapping[str, Any]


def add_rows(table: type[Model], rows: Sequence[Row], *, generation: int) -> None:
    """Insert rows where there are none yet, of each all columns by name, but for its id and generation."""
    statement, of_text = _statement(table)
    columns = [
        texts([row[name] for row in rows]) if is_text else plain([row[name] for row in rows])
        for name, is_text in of_text.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [generation, *columns])


@cache
def _statement(table: type[Model]) -> tuple[str, dict[str, bool]]:
    """The statement, and its columns: whether each is of text."""
    fields = [field for field in table._meta.concrete_fields if not field.primary_key and field.name != "generation"]
    of_text = {field.name: isinstance(field, CharField) for field in fields}
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    arrays = ", ".join(f"%s::{'text' if of_text[field.name] else field.db_type(connection)}[]" for field in fields)
    name = connection.ops.quote_name(table._meta.db_table)
    return (
        f"INSERT INTO {name} (generation, {names}) SELECT %s, * FROM unnest({arrays}) ON CONFLICT DO NOTHING",
        of_text,
    )
