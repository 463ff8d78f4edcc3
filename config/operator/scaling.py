"""How many workers each pool had, beside what waited for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from messaging.models import ScalingSample

from .lines import Lines, Series, draw

#: Wall time that is drawn, and points of a line: more are thinned out.
SHOWN = timedelta(minutes=15)
POINTS = 300


@dataclass(frozen=True, slots=True)
class PoolHistory:
    """One pool's last minutes. `decisions` are the samples at which a worker was started or stopped, newest first."""

    name: str
    now: ScalingSample
    depth: Lines
    workers: Lines
    deepest: int
    decisions: list[ScalingSample]


def pool_histories() -> list[PoolHistory]:
    """The pools that a scaler looks after; none where none runs."""
    found: dict[str, list[ScalingSample]] = {}
    for sample in ScalingSample.objects.filter(at__gt=Now() - SHOWN).order_by("at", "id"):
        found.setdefault(sample.pool, []).append(sample)
    return [history(name, samples) for name, samples in sorted(found.items())]


def history(name: str, samples: Sequence[ScalingSample]) -> PoolHistory:
    begin = samples[0].at
    ends = samples[0], samples[-1]
    labels = [((one.at - begin).total_seconds(), f"{timezone.localtime(one.at):%H:%M:%S}") for one in ends]
    every = max(1, len(samples) // POINTS)
    shown = [one for place, one in enumerate(samples) if place % every == 0 or one.reason or one is samples[-1]]
    times = [(one.at - begin).total_seconds() for one in shown]
    depth = Series("messages waiting", [(at, float(one.waiting)) for at, one in zip(times, shown, strict=True)])
    workers = Series(
        "worker processes", [(at, float(one.wanted)) for at, one in zip(times, shown, strict=True)], step=True
    )
    return PoolHistory(
        name=name,
        now=samples[-1],
        depth=draw([depth], labels=[], height=140),
        workers=draw([workers], labels=labels, height=90, first_colour=1, text=lambda value: f"{value:g}"),
        deepest=max(one.waiting for one in samples),
        decisions=[one for one in reversed(samples) if one.reason][:20],
    )


@for_role(Role.OPERATOR)
@require_GET
@vary_on_headers("HX-Request")
def scaling(request: HttpRequest) -> HttpResponse:
    """The page; for htmx the pools alone."""
    template = "operator/_scaling.html" if by_htmx(request) else "operator/scaling.html"
    return render(request, template, {"pools": pool_histories()})
