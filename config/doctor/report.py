"""What a check says, and how one is run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal


class Fault(Exception):
    """A check failed: what was found, and what to do about it."""

    def __init__(self, found: str, *, fix: str) -> None:
        super().__init__(found)
        self.fix = fix


@dataclass(frozen=True)
class Check:
    """`run` returns what was found when all is well and raises Fault when not; `fix` is for any other exception."""

    name: str
    run: Callable[[], str]
    fix: str


@dataclass(frozen=True)
class Result:
    name: str
    state: Literal["ok", "failed", "skipped"]
    found: str
    fix: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def perform(check: Check) -> Result:
    begun = time.monotonic()
    try:
        state, found, fix = "ok", check.run(), ""
    except Fault as fault:
        state, found, fix = "failed", str(fault), fault.fix
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        state, found, fix = "failed", f"{type(error).__name__}: {lines[0]}", check.fix
    return Result(check.name, state, found, fix, round(time.monotonic() - begun, 2))  # type: ignore[arg-type]
