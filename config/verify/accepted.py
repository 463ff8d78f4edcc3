"""Promise three, from the outside: what a client was told stands, stands."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from orders.models import Order

from .report import Violation


def read_accepted(path: Path) -> list[str]:
    """Order ids of a file that a client wrote, one a line, each after its 2xx answer.

    Raises:
        OSError: the file cannot be read.
    """
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]


def accepted_exist(ids: Iterable[str]) -> Iterator[Violation]:
    """Each of these orders, answered with success, is in the database."""
    answered = list(ids)
    known = {str(pk) for pk in Order.objects.values_list("pk", flat=True)}
    for order in answered:
        try:
            found = str(uuid.UUID(order)) in known
        except ValueError:
            yield Violation(order, "is no order id: the file of accepted orders holds one id a line")
            continue
        if not found:
            yield Violation(order, "was answered with success and does not exist")
