"""A bar chart as plain numbers for an inline SVG: drawn on the server, so that it needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 600, 180
LEFT, BOTTOM, TOP = 30, 22, 10


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of city time."""

    at: datetime
    placed: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    ticks: list[tuple[float, int]]
    labels: list[tuple[float, datetime]]
    minutes: list[Minute]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def draw(minutes: Sequence[Minute]) -> Chart:
    """Two bars a minute: orders placed, orders delivered."""
    top = max([1, *(max(minute.placed, minute.delivered) for minute in minutes)])
    scale = (HEIGHT - BOTTOM - TOP) / top
    slot = (WIDTH - LEFT) / max(1, len(minutes))
    bars = []
    for index, minute in enumerate(minutes):
        for offset, (kind, count) in enumerate((("placed", minute.placed), ("delivered", minute.delivered))):
            if count:
                x = LEFT + slot * (index + 0.12 + 0.4 * offset)
                height = count * scale
                bars.append(
                    Bar(round(x, 1), round(HEIGHT - BOTTOM - height, 1), round(slot * 0.36, 1), round(height, 1), kind)
                )
    ticks = [(round(HEIGHT - BOTTOM - value * scale, 1), value) for value in sorted({0, top // 2, top})]
    every = max(1, len(minutes) // 6)
    labels = [(round(LEFT + slot * (index + 0.5), 1), minutes[index].at) for index in range(0, len(minutes), every)]
    return Chart(bars=bars, ticks=ticks, labels=labels, minutes=list(minutes))
