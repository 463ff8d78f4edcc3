"""What the page draws of a run, as plain numbers for inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.operator.lines import Lines, Series, draw

#: Of the picture of who got what: where its rows of dots begin, and room between dots and between rows.
LEFT, STEP, ROW, TOP = 104, 18, 30, 18
#: Messages that fly at the same moment; `compare.css` knows as many waves as 24 messages make.
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Dot:
    """One message that one party got. `wave` is when it flies."""

    x: int
    y: int
    wave: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    y: int


@dataclass(frozen=True, slots=True)
class Panel:
    rows: tuple[Row, ...]
    dots: tuple[Dot, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class WhoGotWhat:
    """`takers` are, message by message, the place of the receiver that took it; each group got each."""

    queue: Panel
    topic: Panel
    takers: tuple[int, ...]
    parties: int


def who_got_what(drawing: dict[str, Any]) -> WhoGotWhat | None:
    """From what the statement `who` noted; None where it noted nothing."""
    takers, parties = drawing.get("takers", []), int(drawing.get("parties", 0))
    if not takers:
        return None
    queue = [[number for number, taker in enumerate(takers) if taker == party] for party in range(parties)]
    topic = [list(range(len(takers))) for _ in range(parties)]
    return WhoGotWhat(
        queue=panel(queue, "receiver", len(takers)),
        topic=panel(topic, "group", len(takers)),
        takers=tuple(taker + 1 for taker in takers),
        parties=parties,
    )


def panel(got: list[list[int]], name: str, messages: int) -> Panel:
    """A row for each party, with a dot for each message it got, in the order in which they were sent."""
    rows = tuple(Row(f"{name} {party + 1}", TOP + party * ROW) for party in range(len(got)))
    dots = tuple(
        Dot(LEFT + place * STEP, row.y, number // AT_ONCE)
        for row, numbers in zip(rows, got, strict=True)
        for place, number in enumerate(numbers)
    )
    return Panel(rows, dots, width=LEFT + messages * STEP, height=TOP + len(got) * ROW - ROW // 2 + 6)


def scaling(drawing: dict[str, Any]) -> Lines | None:
    """From what the statement `scale` noted; None where it noted nothing."""
    parties = drawing.get("parties", [])
    if not parties:
        return None
    series = [
        Series("receivers of a queue", list(zip(parties, drawing["receivers"], strict=True))),
        Series("members of a group on 4 partitions", list(zip(parties, drawing["members"], strict=True))),
    ]
    return draw(series, labels=[(float(number), str(number)) for number in parties])
