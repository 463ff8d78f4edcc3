"""The invariants after a fault, asked as `manage.py verify` asks them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from config.verify.checks import run_checks
from config.verify.settling import settle


def broken(*, accepted: Path | None = None) -> dict[str, list[str]]:
    """Each check that does not hold, with the first things that break it."""
    return {
        result.check.name: [f"{violation.subject} {violation.detail}" for violation in result.violations[:3]]
        for result in run_checks(final=False, accepted_file=accepted, replay=False)
        if not result.kept
    }


def assert_kept(*, within: float = 60, accepted: Path | None = None, apart_from: Collection[str] = ()) -> None:
    """Wait until all that is committed has arrived, then demand every invariant but those named."""
    assert settle(within=within), f"something was still on its way after {within:g} s: {broken(accepted=accepted)}"
    found = {name: subjects for name, subjects in broken(accepted=accepted).items() if name not in apart_from}
    assert found == {}, found
