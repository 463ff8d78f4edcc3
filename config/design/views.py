"""The page on which every component stands."""

from __future__ import annotations

from math import sin

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from config.operator.board import Drawing
from config.operator.lines import Series, draw
from config.templatetags.drawings import DRAWINGS
from config.templatetags.forkroad import STATUSES
from config.templatetags.icons import ICONS

from .colours import pairs, themes

PARTS: tuple[str, ...] = (
    "colours",
    "type",
    "icons",
    "buttons",
    "fields",
    "cards",
    "badges",
    "tables",
    "charts",
    "tracker",
)
PARTS += ("messages", "empty", "waiting", "errors")

#: The kinds of a message, as `django.contrib.messages` names them.
NOTES = ("info", "success", "warning", "error")


@require_GET
def design(request: HttpRequest) -> HttpResponse:
    light, dark = themes()
    context = {
        "parts": PARTS,
        "colours": [(name, colour, dark[name]) for name, colour in light.items()],
        "pairs": pairs(),
        "icons": ICONS,
        "drawings": DRAWINGS,
        "statuses": STATUSES,
        "notes": NOTES,
        "drawing": sample(),
    }
    return render(request, "design/design.html", context)


def sample() -> Drawing:
    """Two made-up lines over an hour."""
    this = [(float(minute), 9 + 6 * sin(minute / 9)) for minute in range(0, 61, 5)]
    before = [(float(minute), 8 + 4 * sin(minute / 7 + 1)) for minute in range(0, 61, 5)]
    chart = draw(
        [Series("Today", this), Series("A week ago", before)], labels=[(0, "12:00"), (30, "12:30"), (60, "13:00")]
    )
    rows = [
        (f"12:{minute:02.0f}", [f"{now:.1f}", f"{then:.1f}"])
        for (minute, now), (_, then) in zip(this, before, strict=True)
        if minute < 60
    ]
    return Drawing("Made-up orders a minute", chart, ["Today", "A week ago"], rows)
