"""The measured commands in this project's worker: one that is recorded as a TaskRun, and one bare, as in `stock`."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from messaging.tasks import command

from .work import note as _note

_bare: Any = shared_task(name="alerts.bench_bare")


@_bare  # type: ignore[untyped-decorator]
def note_bare(*, sent: float) -> None:
    _note(sent)


@command("alerts.bench_recorded")
def note_recorded(*, sent: float) -> None:
    _note(sent)
