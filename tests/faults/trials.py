"""Counted trials of a fault, from a printed seed, and the table a run ends with."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

FULL = os.environ.get("FORKROAD_FAULTS") == "full"
SEED = int(os.environ.get("FORKROAD_FAULTS_SEED") or 20_261_124)


@dataclass
class Row:
    """One row of the matrix: its number, what is done to the system, and how many trials went through."""

    number: int
    fault: str
    planned: int = 0
    passed: int = 0
    failed: bool = False
    #: What was measured on the way, as `name: value with its unit`.
    measures: dict[str, str] = field(default_factory=dict)

    def run(self, *, short: int, full: int) -> Iterator[random.Random]:
        """Yield one seeded generator a trial: `short` of them in a test run, `full` under `make faults`."""
        count = full if FULL else short
        self.planned += count
        for trial in range(count):
            yield random.Random(f"{SEED}/{self.number}/{trial}")
            self.passed += 1

    @property
    def verdict(self) -> str:
        if self.failed or self.passed < self.planned:
            return f"FAILED at trial {self.passed + 1} of {self.planned}"
        # The rule of three: none of n failed bounds the rate under 3/n with 95 % confidence.
        return f"0 of {self.passed} failed, so under {3 / self.passed:.2g}" if self.passed else "kept"


ROWS: dict[tuple[int, str], Row] = {}


def row(number: int, fault: str) -> Row:
    """The row of this number and description, the same one however often it is asked for."""
    return ROWS.setdefault((number, fault), Row(number, fault))
