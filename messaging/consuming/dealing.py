"""Groups dealt out to processes, so that a rebuild of all of them uses more than one core."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from django.conf import settings

from .group import Group
from .replay import CannotReplay


def deal(groups: Sequence[Group], processes: int) -> list[list[Group]]:
    """The groups in so many shares, or fewer, each of about the same weight: the heaviest first, to whom has least."""
    shares: list[list[Group]] = [[] for _ in range(max(1, min(processes, len(groups))))]
    for group in sorted(groups, key=lambda group: (-group.weight, group.name)):
        min(shares, key=lambda share: sum(one.weight for one in share)).append(group)
    return [sorted(share, key=groups.index) for share in shares]


@contextlib.contextmanager
def replaying_beside(shares: Sequence[Sequence[Group]], arguments: Sequence[str]) -> Iterator[None]:
    """Replay each share in a process of its own during the block, which does not end before them.

    Raises:
        CannotReplay: one of them failed; it has said why. The others have their new models.
    """
    command = [sys.executable, "manage.py", "replay", *arguments]
    processes = [
        subprocess.Popen([*command, *(group.name for group in share)], cwd=settings.BASE_DIR) for share in shares
    ]
    try:
        yield
    finally:
        ended = [process.wait() for process in processes]
    if any(ended):
        raise CannotReplay("another process could not rebuild all of its groups: it says above which, and why")
