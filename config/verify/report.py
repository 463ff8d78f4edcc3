"""What a check says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PROMISES = {
    "one courier": "Every order that its restaurant accepts ends with exactly one courier, or with a stated failure.",
    "every listener": "Every committed status change reaches every consumer group, in order, its effect applied once.",
    "nothing lost": "Nothing that was answered with success is lost.",
    "replay": "Rebuilding a read model from the stream gives what the live one holds.",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a promise, named so that somebody can look it up."""

    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Check:
    """A named question. `run` yields what breaks it; `what` says in a line what holds when nothing does."""

    name: str
    promise: str
    what: str
    run: Callable[[], Iterator[Violation]]


#: Shown per check; a broken guard breaks thousands of rows, and the first few say why.
MOST_SHOWN = 20


@dataclass(slots=True)
class Result:
    check: Check
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        return not self.violations

    def as_json(self) -> dict[str, object]:
        return {
            "check": self.check.name,
            "promise": self.check.promise,
            "kept": self.kept,
            "violations": len(self.violations),
            "examples": [{"subject": v.subject, "detail": v.detail} for v in self.violations[:MOST_SHOWN]],
            "seconds": round(self.seconds, 3),
        }
