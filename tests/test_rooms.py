"""Arrows between rooms point one way, so that each could be taken out and run by another team."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: What a room that lives on events may know of those that write them.
EVENTS = {
    "orders.events",
    "orders.restaurant_events",
    "orders.payments.events",
    "orders.pricing.events",
    "orders.pricing.ticks",
    "delivery.events",
}
#: Room → what else of this project it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "messaging": {"config.celery"},
    "accounts": {"messaging"},
    "orders": {"messaging", "accounts"},
    "delivery": {"messaging", "accounts", "orders"},
    "notifications": {"messaging", "accounts", *EVENTS},
    "analytics": {"messaging", "accounts", *EVENTS},
    "simulator": set(),
}
ROOMS = {*MAY_IMPORT, "config"}
#: What any room may take from the wiring: the page furniture and the sign that a part is ready.
WIRING = {"config.embedded.ready", "config.problems", "config.live"}


def imports_of(path: Path) -> set[str]:
    """Dotted names of all that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room} | WIRING
    strays = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in ROOMS
        and not any(name == permitted or name.startswith(f"{permitted}.") for permitted in allowed)
    }

    assert strays == set()


def test_the_readers_name_no_other_rooms_table() -> None:
    """An import can be forbidden; a table's name in a statement must be looked for."""
    foreign = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+\"?(?:accounts|orders|delivery|notifications)_\w+", re.I)
    strays = {
        f"{path.relative_to(ROOT)}: {found}"
        for path in (ROOT / "analytics").rglob("*.py")
        for found in foreign.findall(path.read_text())
    }
    assert strays == set()
    assert foreign.findall("SELECT id FROM orders_order") == ["FROM orders_order"]
