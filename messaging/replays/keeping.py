"""Writing replays down as they go, so that a page can follow one, call it off, and show what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from messaging import outbox
from messaging.models import ReplayRun

#: A run that gives no sign for so long has lost its player: it gives one twice a second.
SILENT = timedelta(seconds=30)
#: How long a run that nobody has begun counts as asked for: its command may wait for a worker.
UNBEGUN = timedelta(minutes=10)
#: Runs that are kept.
KEPT = 20
COMMAND = "alerts.replay"


class AlreadyOpen(RuntimeError):
    """Another run is asked for or under way."""


class NotYet(RuntimeError):
    """Somebody else plays this run, and may have died: ask again later."""


def ask(
    group: str, kind: str, *, since: datetime | None = None, until: datetime | None = None, by: int | None = None
) -> ReplayRun:
    """Have a worker do it; `by` is an account.

    Raises:
        AlreadyOpen. CannotReplay: the group has outside effects, or the window makes no sense. LookupError: no such
        group.
    """
    # Imported here: workers, which know this module, need no consumer runtime before there is something to do.
    from messaging.consuming.group import get_group
    from messaging.consuming.replay import CannotReplay

    found = get_group(group)
    if not found.replayable:
        raise CannotReplay(f"group {group} has effects outside its tables: it cannot be replayed")
    window = since is not None or until is not None
    if window != (kind == ReplayRun.Kind.LOOK):
        raise CannotReplay("from and to belong to a look at a window of time, and to nothing else")
    if since and until and since >= until:
        raise CannotReplay("the window ends before it begins")
    ReplayRun.objects.filter(lost(), ended_at=None).update(ended_at=Now(), error="its worker was lost")
    try:
        with transaction.atomic():
            run = ReplayRun.objects.create(group=group, kind=kind, since=since, until=until, asked_by=by)
            outbox.send(COMMAND, key="replay", run=run.pk)
    except IntegrityError as error:
        raise AlreadyOpen("another replay is under way: wait until it has ended, or call it off") from error
    return run


def take(run_id: int) -> ReplayRun | None:
    """The run, for the caller to do from its beginning; None when it has ended.

    Raises:
        NotYet: somebody is about it, and was heard of lately.
    """
    free = Q(begun_at=None) | Q(seen_at__lt=Now() - SILENT)
    taken = ReplayRun.objects.filter(free, pk=run_id, ended_at=None).update(
        begun_at=Now(), seen_at=Now(), read=0, total=0, events=0
    )
    run = ReplayRun.objects.filter(pk=run_id, ended_at=None).first()
    if run is not None and not taken:
        raise NotYet(f"replay {run_id} is being done")
    return run


def note(run: ReplayRun, *, read: int, total: int, events: int) -> bool:
    """Say how far it is; whether it should go on: not once it was called off, or given to somebody else."""
    mine = of_player(run)
    if not mine.update(read=read, total=total, events=events, seen_at=Now()):
        return False
    return not mine.filter(called_off=True).exists()


def end(run: ReplayRun, *, outcome: Mapping[str, Any] | None = None, error: str = "") -> None:
    """Close a run, and forget the oldest."""
    of_player(run).update(ended_at=Now(), outcome=dict(outcome or {}), error=error[:2000])
    kept = ReplayRun.objects.order_by("-id").values("id")[:KEPT]
    ReplayRun.objects.exclude(id__in=kept).delete()


def call_off(run_id: int) -> bool:
    """Let it end soon; one that nobody has begun ends at once. False where it is over."""
    unbegun = ReplayRun.objects.filter(pk=run_id, ended_at=None, begun_at=None)
    if unbegun.update(ended_at=Now(), called_off=True, error="called off before it began"):
        return True
    return ReplayRun.objects.filter(pk=run_id, ended_at=None).update(called_off=True) == 1


def open_run() -> ReplayRun | None:
    """The run that is asked for or under way, unless its worker is lost."""
    return ReplayRun.objects.filter(ended_at=None).exclude(lost()).first()


def of_player(run: ReplayRun) -> QuerySet[ReplayRun]:
    """The row, unless it ended or was given to somebody else because its player was silent for too long."""
    return ReplayRun.objects.filter(pk=run.pk, ended_at=None, begun_at=run.begun_at)


def lost() -> Q:
    return Q(begun_at=None, asked_at__lt=Now() - UNBEGUN) | Q(seen_at__lt=Now() - SILENT)
