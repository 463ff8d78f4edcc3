"""What a rebuild holds in memory is what was committed, and what was written is found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from messaging.consuming.held import Held, held_rows
from messaging.consuming.replay import begin_generation
from messaging.models import Generation

from .running import metrics

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

ORDERS = "orders.events"


class Shelf:
    """Rows of lists, in a dictionary for a table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}
        self.asked: list[str] = []

    def read(self, keys: Sequence[str], *, generation: int) -> dict[str, list[int]]:
        self.asked += keys
        return {key: self.copy(self.rows[key]) for key in keys if key in self.rows}

    def write(self, rows: Mapping[str, list[int]], *, generation: int) -> None:
        self.rows |= {key: self.copy(row) for key, row in rows.items()}

    def copy(self, row: list[int]) -> list[int]:
        return [*row]


def add(held: Held, shelf: Shelf, key: str, number: int) -> None:
    """What a handler does."""
    with held.handling():
        rows = held_rows(shelf)
        assert rows is not None
        row = rows.read([key]).get(key, [])
        row.append(number)
        rows.put({key: row})


def held_in(held: Held, shelf: Shelf, key: str) -> list[int] | None:
    return held.rows(shelf).read([key]).get(key)


def test_what_was_not_committed_is_forgotten_and_what_was_is_held() -> None:
    held, shelf = Held("metrics", 1), Shelf()
    add(held, shelf, "x", 1)
    held.propose(ORDERS, 0, next=10, last={"a": 3})
    assert held.known(ORDERS, ["a"]) == {} and held_in(held, shelf, "x") is None
    held.settle(ORDERS, 0, 0)
    held.settle(ORDERS, 0, 10)
    assert held.known(ORDERS, ["a"]) == {} and held_in(held, shelf, "x") is None

    add(held, shelf, "x", 1)
    held.propose(ORDERS, 0, next=10, last={"a": 3})
    held.settle(ORDERS, 0, 10)
    assert held.known(ORDERS, ["a", "b"]) == {"a": 3}
    assert held.known("couriers.events", ["a"]) == {}
    assert held_in(held, shelf, "x") == [1] and shelf.asked == []


def test_a_handler_that_fails_has_changed_no_row() -> None:
    held, shelf = Held("metrics", 1), Shelf()
    add(held, shelf, "x", 1)
    held.propose(ORDERS, 0, next=1, last={})
    held.settle(ORDERS, 0, 1)
    with pytest.raises(ValueError, match="no"), held.handling():
        rows = held_rows(shelf)
        assert rows is not None
        row = rows.read(["x"])["x"]
        row.append(2)
        rows.put({"x": row})
        assert rows.read(["x"]) == {"x": [1, 2]}
        raise ValueError("no")
    held.propose(ORDERS, 0, next=2, last={})
    held.settle(ORDERS, 0, 2)
    assert held_in(held, shelf, "x") == [1]


def test_outside_a_rebuild_nothing_is_held() -> None:
    assert held_rows(Shelf()) is None


def test_more_than_memory_may_hold_is_written_and_found_again() -> None:
    number = begin_generation(metrics())
    held, shelf = Held("metrics", number, most=1, most_rows=5), Shelf()
    add(held, shelf, "x", 1)
    held.propose(ORDERS, 0, next=2, last={"a": 3, "b": 1})
    assert not held.full()
    held.settle(ORDERS, 0, 2)
    assert held.full()
    held.propose(ORDERS, 0, next=5, last={"a": 4, "c": 1})
    held.write({(ORDERS, 0): 2})
    assert not held.full()
    assert held.known(ORDERS, ["a", "b", "c"]) == {"a": 3, "b": 1}
    assert shelf.rows == {"x": [1]} and held_in(held, shelf, "x") == [1] and shelf.asked == ["x"]
    add(held, shelf, "x", 2)
    held.propose(ORDERS, 0, next=5, last={"a": 4})
    held.settle(ORDERS, 0, 5)
    assert held.known(ORDERS, ["a", "b"]) == {"a": 4, "b": 1} and held_in(held, shelf, "x") == [1, 2]
    held.write({(ORDERS, 0): 5})
    assert held.known(ORDERS, ["a", "b"]) == {"a": 4, "b": 1} and shelf.rows == {"x": [1, 2]}
    assert Generation.objects.get(group="metrics", number=number).state == "building"


def test_too_many_rows_are_written_too() -> None:
    held, shelf = Held("metrics", 1, most_rows=1), Shelf()
    for number, key in enumerate("xy", 1):
        assert not held.full()
        add(held, shelf, key, number)
        held.propose(ORDERS, 0, next=number, last={})
        held.settle(ORDERS, 0, number)
    assert held.full()
