"""Counted trials of a fault, from a printed seed, and the table a run ends with, as a pytest plugin.

Each test's row is part of its report, so that the table is whole wherever the test ran.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import pytest

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

    def add(self, other: Row) -> None:
        """Count another test's trials of the same fault."""
        self.planned += other.planned
        self.passed += other.passed
        self.failed |= other.failed
        self.measures |= other.measures

    def report(self, item: pytest.Item) -> None:
        """Put it into the report of the test that it is of."""
        item.user_properties.append((PROPERTY, asdict(self)))


PROPERTY = "fault row"

#: By number and description; filled where the run's end is told.
TABLE: dict[tuple[int, str], Row] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties:
        if name == PROPERTY and isinstance(value, dict) and report.when == "teardown":
            row = Row(**value)
            TABLE.setdefault((row.number, row.fault), Row(row.number, row.fault)).add(row)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TABLE:
        return
    terminalreporter.section(f"fault matrix, {'full' if FULL else 'short cut'}, seed {SEED}")
    for _, entry in sorted(TABLE.items()):
        measures = "".join(f"; {name} {value}" for name, value in entry.measures.items())
        terminalreporter.write_line(f"{entry.number:>3}  {entry.fault}: {entry.verdict}{measures}")
