"""The traces an order left: request, commands and read models, each under what caused it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import for_role
from accounts.models import Role
from messaging.models import Span

#: The latest traces of a key that are shown, and spans of each.
TRACES, SPANS = 12, 40
#: Width of a trace's bars, in the units of its drawing.
WIDTH = 240.0


@dataclass(frozen=True, slots=True)
class Line:
    """One span, indented under its cause. `after` (milliseconds from the trace's begin) and `took` are exact; `x` and
    `width` are for drawing.
    """

    name: str
    part: str
    indent: str
    after: float
    took: float
    failed: bool
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Trace:
    """One cause and all that came of it; `took` in milliseconds to the end of the last span."""

    id: str
    began: datetime
    took: float
    lines: list[Line]
    left_out: int


def traces_of(key: str) -> list[Trace]:
    """Every trace that touched a key, the oldest first."""
    ids = Span.objects.filter(key=key).values_list("trace_id", flat=True).distinct()
    found: dict[str, list[Span]] = {}
    for span in Span.objects.filter(trace_id__in=list(ids)).order_by("started_at", "id"):
        # A round of dispatch concerns many orders: what the groups made of the others is theirs.
        if span.key == key or "topic" not in span.facts:
            found.setdefault(span.trace_id, []).append(span)
    return [_trace(id, spans) for id, spans in found.items()][-TRACES:]


def _trace(id: str, spans: Sequence[Span]) -> Trace:
    began = min(span.started_at for span in spans)
    took = max(_ms(began, span.ended_at) for span in spans)
    scale = WIDTH / max(took, 0.001)
    depths = _depths(spans)
    lines = [
        Line(
            name=span.name,
            part=span.part,
            indent="· " * depths[span.span_id],
            after=_ms(began, span.started_at),
            took=_ms(span.started_at, span.ended_at),
            failed=span.failed,
            x=round(_ms(began, span.started_at) * scale, 1),
            width=round(max(1.5, _ms(span.started_at, span.ended_at) * scale), 1),
        )
        for span in spans[:SPANS]
    ]
    return Trace(id=id, began=began, took=took, lines=lines, left_out=max(0, len(spans) - SPANS))


def _depths(spans: Iterable[Span]) -> dict[str, int]:
    """How deep each lies under the first; a parent that was recorded elsewhere counts as none."""
    parents = {span.span_id: span.parent_id for span in spans}
    depths: dict[str, int] = {}
    for id in parents:
        depth, up = 0, parents[id]
        while up in parents and depth < len(parents):
            depth, up = depth + 1, parents[up]
        depths[id] = depth
    return depths


def _ms(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds() * 1000


@for_role(Role.OPERATOR)
@require_GET
def traces(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """A fragment of the story, asked for when somebody opens it."""
    return render(request, "operator/_traces.html", {"traces": traces_of(str(order_id))})
