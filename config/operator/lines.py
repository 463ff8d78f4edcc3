"""Line charts as plain numbers: for an inline SVG of a page, and as an SVG file of its own for the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Point = tuple[float, float]

#: Room around the lines: left for the values, right for the names, below for the labels.
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 12, 24
#: Readable on white and on black.
COLOURS = ("#2f7ed8", "#d9822b", "#2a9d5c", "#a05cc7", "#c0392b", "#7f8c8d")


@dataclass(frozen=True, slots=True)
class Series:
    """A named line. A `step` keeps its value until the next point."""

    name: str
    points: Sequence[Point]
    step: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    colour: str
    points: str


@dataclass(frozen=True, slots=True)
class Lines:
    """`ticks` are (y, text), `labels` (x, text)."""

    lines: list[Line]
    ticks: list[tuple[float, str]]
    labels: list[tuple[float, str]]
    width: int
    height: int
    left: int = LEFT
    right: int = field(default=0)


def draw(
    series: Sequence[Series],
    *,
    labels: Sequence[tuple[float, str]],
    width: int = 600,
    height: int = 180,
    first_colour: int = 0,
    text: Callable[[float], str] = lambda value: f"{value:,g}",
) -> Lines:
    """Lines from zero to their highest value; `labels` name places on the x-axis, in the points' own unit."""
    points = [point for one in series for point in one.points]
    low = min([x for x, _ in points] + [x for x, _ in labels], default=0.0)
    high = max([x for x, _ in points] + [x for x, _ in labels], default=1.0)
    top = nice_top(max((y for _, y in points), default=1.0))
    across, up = (width - LEFT - RIGHT) / ((high - low) or 1.0), (height - TOP - BOTTOM) / top

    def place(x: float, y: float) -> Point:
        return round(LEFT + (x - low) * across, 1), round(height - BOTTOM - y * up, 1)

    lines = [
        Line(
            one.name,
            COLOURS[(number + first_colour) % len(COLOURS)],
            " ".join(f"{x:g},{y:g}" for x, y in (place(*point) for point in (_steps(one) if one.step else one.points))),
        )
        for number, one in enumerate(series)
    ]
    ticks = [(place(low, value)[1], text(value)) for value in (0.0, top / 2, top)]
    return Lines(lines, ticks, [(place(x, 0)[0], label) for x, label in labels], width, height, right=width - RIGHT)


def svg(*drawings: Lines, title: str) -> str:
    """A file of its own: the drawings one below the other, with a key to all their lines."""
    head = 40
    height = head + sum(drawing.height for drawing in drawings)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawings[0].width} {height}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="11" fill="#808080"><title>{escape(title)}</title>',
        f'<text x="{LEFT}" y="14" font-size="13">{escape(title)}</text>',
    ]
    x = float(LEFT)
    for line in (line for drawing in drawings for line in drawing.lines):
        parts.append(f'<rect x="{x:g}" y="24" width="10" height="10" rx="2" fill="{line.colour}"/>')
        parts.append(f'<text x="{x + 14:g}" y="33">{escape(line.name)}</text>')
        x += 28 + 5.7 * len(line.name)
    down = head
    for drawing in drawings:
        parts += [f'<g transform="translate(0 {down})">', *_inside(drawing), "</g>"]
        down += drawing.height
    return "\n".join([*parts, "</svg>"]) + "\n"


def _inside(drawing: Lines) -> Iterator[str]:
    for y, text in drawing.ticks:
        yield f'<line x1="{LEFT}" x2="{drawing.right}" y1="{y:g}" y2="{y:g}" stroke="#808080" opacity="0.4"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:g}" text-anchor="end">{escape(text)}</text>'
    for at, label in drawing.labels:
        yield f'<text x="{at:g}" y="{drawing.height - 6}" text-anchor="middle">{escape(label)}</text>'
    for line in drawing.lines:
        yield f'<polyline points="{line.points}" fill="none" stroke="{line.colour}" stroke-width="2"/>'


def nice_top(value: float) -> float:
    """The next of 1, 2, 4, 5, 10, 20, … that holds the value."""
    if value <= 1:
        return 1.0
    size = 1.0
    while value > size * 10:
        size *= 10
    return next(step * size for step in (1, 2, 4, 5, 10) if value <= step * size)


def _steps(series: Series) -> list[Point]:
    points: list[Point] = []
    for x, y in series.points:
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    return points
