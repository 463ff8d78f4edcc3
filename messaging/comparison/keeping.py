"""Writing runs down as they go, so that a page can follow one and show the last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from messaging import outbox
from messaging.models import ComparisonRun

from .notes import Result

#: A run that gives no sign for so long has lost its player. The longest statement takes less.
SILENT = timedelta(minutes=3)
#: Runs that are kept.
KEPT = 20
COMMAND = "alerts.compare"


class AlreadyOpen(RuntimeError):
    """Another run is asked for or under way."""


class NotYet(RuntimeError):
    """Somebody else plays this run, and may have died: ask again later."""


def ask(statements: Sequence[str]) -> ComparisonRun:
    """Have a worker play these, quickly.

    Raises:
        AlreadyOpen
    """
    with transaction.atomic():
        run = _open(statements, quick=True)
        outbox.send(COMMAND, key="comparison", run=run.pk)
    return run


def begin(statements: Sequence[str], *, quick: bool) -> ComparisonRun:
    """Open a run that the caller plays at once.

    Raises:
        AlreadyOpen
    """
    run = _open(statements, quick=quick)
    ComparisonRun.objects.filter(pk=run.pk).update(begun_at=Now(), seen_at=Now())
    run.refresh_from_db()
    return run


def take(run_id: int) -> ComparisonRun | None:
    """The run, for the caller to play from its first statement; None when it has ended.

    Raises:
        NotYet: it is played already, by a player who was heard of lately.
    """
    free = Q(begun_at=None) | Q(seen_at__lt=Now() - SILENT)
    taken = ComparisonRun.objects.filter(free, pk=run_id, ended_at=None).update(
        begun_at=Now(), seen_at=Now(), results=[]
    )
    run = ComparisonRun.objects.filter(pk=run_id, ended_at=None).first()
    if run is not None and not taken:
        raise NotYet(f"run {run_id} of the comparison is being played")
    return run


def note(run: ComparisonRun, result: Result) -> None:
    """Add a result."""
    run.results = [*run.results, result.as_json()]
    _mine(run).update(results=run.results, seen_at=Now())


def end(run: ComparisonRun, *, error: str = "") -> None:
    """Close a run, and forget the oldest."""
    _mine(run).update(ended_at=Now(), error=error[:2000])
    kept = ComparisonRun.objects.order_by("-id").values("id")[:KEPT]
    ComparisonRun.objects.exclude(id__in=kept).delete()


def latest() -> dict[str, dict[str, Any]]:
    """The newest result of each statement, by name, with `at`, when its run ended, and whether it was `quick`."""
    found: dict[str, dict[str, Any]] = {}
    for run in ComparisonRun.objects.exclude(ended_at=None).order_by("-id"):
        for result in run.results:
            found.setdefault(result["name"], result | {"at": run.ended_at, "quick": run.quick})
    return found


def open_run() -> ComparisonRun | None:
    """The run that is asked for or under way, unless its player is lost."""
    return ComparisonRun.objects.filter(ended_at=None).exclude(_lost()).first()


def _mine(run: ComparisonRun) -> QuerySet[ComparisonRun]:
    """The row, unless it ended or somebody took it from a player that was silent for too long."""
    return ComparisonRun.objects.filter(pk=run.pk, ended_at=None, begun_at=run.begun_at)


def _lost() -> Q:
    return Q(begun_at=None, asked_at__lt=Now() - SILENT) | Q(seen_at__lt=Now() - SILENT)


def _open(statements: Sequence[str], *, quick: bool) -> ComparisonRun:
    ComparisonRun.objects.filter(_lost(), ended_at=None).update(ended_at=Now(), error="its player was lost")
    try:
        with transaction.atomic():
            return ComparisonRun.objects.create(statements=list(statements), quick=quick)
    except IntegrityError as error:
        raise AlreadyOpen("a run of the comparison is under way: wait until it has ended") from error
