"""What a dashboard is about: the whole city, a zone, or one restaurant; and reading its tables with SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

GROUP = "dashboard"
#: The live generation, inside a statement.
LIVE = "(SELECT number FROM messaging_generation WHERE \"group\" = 'dashboard' AND state = 'live')"


@dataclass(frozen=True, slots=True)
class Scope:
    """`zone` and `restaurant` narrow it; empty is everywhere. `generation` is None for the live one."""

    zone: str = ""
    restaurant: int = 0
    generation: int | None = None

    def where(self) -> tuple[str, list[Any]]:
        """A condition on `analytics_orderlife` and its values."""
        parts, values = [f"generation = {LIVE}"], list[Any]()
        if self.generation is not None:
            parts, values = ["generation = %s"], [self.generation]
        if self.zone:
            parts.append("zone = %s")
            values.append(self.zone)
        if self.restaurant:
            parts.append("restaurant_id = %s")
            values.append(self.restaurant)
        return " AND ".join(parts), values


CITY = Scope()


def rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
