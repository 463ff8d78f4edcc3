"""What was measured, as SVG files for the documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.operator.lines import Series, draw, svg

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT = 640, 220


def processes(rates: Mapping[str, Mapping[int, float]]) -> None:
    """Each line relative to its own first value: the lines' rates lie far apart."""
    series = [
        Series(name, [(float(count), rate / of[min(of)]) for count, rate in sorted(of.items())])
        for name, of in rates.items()
    ]
    drawing = draw(
        series,
        labels=[(1, "1 process"), (2, "2"), (4, "4")],
        width=WIDTH,
        height=HEIGHT,
        text=lambda value: f"× {value:g}",
    )
    write("scale-processes.svg", svg(drawing, title="Throughput by processes, one being 1; two cores for everything"))


def growth(rates: Mapping[str, Mapping[int, float]]) -> None:
    """Cost of one message, the smallest size being 1, as the sizes grow by ten and by a hundred."""
    series = []
    for name, of in rates.items():
        smallest = min(of)
        series.append(
            Series(name, [(math.log10(size / smallest), of[smallest] / rate) for size, rate in sorted(of.items())])
        )
    drawing = draw(
        series,
        labels=[(0, "1 ×"), (1, "10 ×"), (2, "100 ×")],
        width=WIDTH,
        height=HEIGHT,
        text=lambda value: f"× {value:g}",
    )
    write("scale-growth.svg", svg(drawing, title="Cost of a message as outbox, topic and queue grow"))


def burst(samples: Sequence[Any]) -> None:
    """Depth above, workers below it in the same time."""
    begin = samples[0].at
    times = [(sample.at - begin).total_seconds() for sample in samples]
    labels = [(float(second), f"{second} s") for second in range(0, int(times[-1]) + 1, 10)]
    depth = Series("messages waiting", [(at, float(one.waiting)) for at, one in zip(times, samples, strict=True)])
    workers = Series(
        "worker processes", [(at, float(one.wanted)) for at, one in zip(times, samples, strict=True)], step=True
    )
    above = draw([depth], labels=[], width=WIDTH, height=150)
    below = draw([workers], labels=labels, width=WIDTH, height=110, first_colour=1)
    write("scale-burst.svg", svg(above, below, title="A burst: another worker starts, drains and stops"))


def write(name: str, text: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / name).write_text(text)
