"""What a statement did and saw, as plain data: for a terminal, for JSON and for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .sources import Source

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that happened. `held` is False where it contradicts the statement."""

    road: str
    text: str
    held: bool


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(slots=True)
class Notes:
    """Filled by a statement while it runs, so that one that breaks off has still told what it saw until then.

    `drawing` is what a page draws of it; its keys are the statement's own.
    """

    did: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    drawing: dict[str, Any] = field(default_factory=dict)

    def do(self, text: str) -> None:
        """What was done."""
        self.did.append(text)

    def sqs(self, text: str, *, held: bool = True) -> None:
        """What happened on the queue."""
        self.seen.append(Seen("SQS", text, held))

    def kafka(self, text: str, *, held: bool = True) -> None:
        """What happened on the topic."""
        self.seen.append(Seen("Kafka", text, held))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Numbers behind what was seen."""
        self.tables.append(Table(title, tuple(columns), tuple(tuple(row) for row in rows)))

    def build(self, text: str) -> None:
        """What one builds oneself on the side that does not offer it."""
        self.builds.append(text)

    def limit(self, text: str) -> None:
        """What this installation cannot show."""
        self.limits.append(text)

    def cite(self, *sources: Source) -> None:
        """Where a fact comes from that was not seen here."""
        self.sources.extend(sources)


@dataclass(frozen=True, slots=True)
class Result:
    """A statement and what became of it. `failed` says what broke it off; `seconds` are wall time."""

    name: str
    statement: str
    notes: Notes
    seconds: float
    failed: str = ""

    @property
    def shown(self) -> bool:
        """Whether something was seen, nothing contradicted the statement, and nothing broke it off."""
        return not self.failed and bool(self.notes.seen) and all(one.held for one in self.notes.seen)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "statement": self.statement,
            "shown": self.shown,
            "failed": self.failed,
            "seconds": round(self.seconds, 2),
            **asdict(self.notes),
        }
