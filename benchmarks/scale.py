"""How throughput goes with processes and brokers, and cost with what has piled up.

    python -m benchmarks.scale [--json] [--draw] [--only relay|readers|workers|growth|burst …] [--size N]

One, two and four relays, members of the metrics group and workers; relays and members before one Kafka broker and
before three (three copies of each record, acknowledged by all in step). Then one process of each while the outbox, the
topic or the queue before it is 10 and 100 times as long. Then a burst on a scaled pool of workers. All of it, servers
included, shares one machine: on two cores the fourth process, and the second and third broker, have nothing to run on.
`--draw` renews the pictures under docs/images.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import outbox
from benchmarks.report import Measure, emit
from benchmarks.scaling import burst, picture, readers, relays, workers
from benchmarks.scaling.setting import Found, brokers

COUNTS = (1, 2, 4)
BROKERS = (1, 3)
#: The memory of a process may differ by so much, over a hundredfold backlog, and still be called flat.
FLAT = 1.25
PARTS = ("relay", "readers", "workers", "growth", "burst")

Rates = dict[str, dict[int, float]]


class Scale:
    """One run. `size` multiplies every number of messages."""

    def __init__(self, home: Path, *, size: float, chosen: list[str]) -> None:
        self.home = home
        self.size = size
        self.chosen = chosen
        self.rates: Rates = {}
        self.growth: Rates = {}
        self.memory: dict[str, list[float]] = {}
        self.samples: list[Any] = []

    def run(self) -> None:
        for count in BROKERS:
            if {"relay", "readers"} & set(self.chosen):
                with brokers(count, self.home):
                    self.by_processes(count)
        if "workers" in self.chosen:
            for count in COUNTS:
                self.note("workers", count, lambda count=count: workers.work(count, self.of(2000)))  # type: ignore[misc]
        if "growth" in self.chosen:
            self.grow()
        if "burst" in self.chosen:
            self.samples = burst.play(self.of(2000), self.home)

    def by_processes(self, broker_count: int) -> None:
        where = f"{broker_count} broker{'s' if broker_count > 1 else ''}"
        for count in COUNTS:
            if "relay" in self.chosen:
                self.note(f"relay, {where}", count, lambda count=count: relays.drain(count, self.of(40_000)))  # type: ignore[misc]
            if "readers" in self.chosen:
                self.note(f"readers, {where}", count, lambda count=count: readers.apply(count, self.of(48_000)))  # type: ignore[misc]

    def grow(self) -> None:
        for times in (1, 10, 100):
            self.grown("outbox", times, relays.drain(1, self.of(2000) * times))
            sample = self.of(400)
            self.grown("queue", times, workers.work(1, sample, ahead=sample * times - sample))
        sizes = [self.of(3000) * times for times in (1, 10, 100)]
        for times, (_, found) in zip((1, 10, 100), readers.growing(sizes, self.of(12_000)), strict=True):
            self.grown("topic", times, found)

    def note(self, name: str, count: int, measure: Callable[[], Found]) -> None:
        began = time.monotonic()
        found = measure()
        self.rates.setdefault(name, {})[count] = found.rate
        say(f"{name}, {count}: {found.rate:,.0f}/s, {max(found.memory):.0f} MiB each", began)

    def grown(self, name: str, times: int, found: Found) -> None:
        self.growth.setdefault(name, {})[times] = found.rate
        self.memory.setdefault(name, []).append(max(found.memory))
        say(f"{name} x {times}: {found.rate:,.0f}/s, {max(found.memory):.0f} MiB", time.monotonic())

    def of(self, messages: int) -> int:
        return max(120, int(messages * self.size) // 120 * 120)

    def measures(self) -> Iterator[Measure]:
        """`rivals` are the same with one process, or with the shortest backlog."""
        for name, by_count in self.rates.items():
            for count, rate in by_count.items():
                first = {} if count == 1 else {"one process": by_count[1]}
                yield Measure(
                    "scale",
                    f"{name}, {count} process{'es' if count > 1 else ''}",
                    "messages/s",
                    rate,
                    first,
                    {key: rate / value for key, value in first.items()},
                )
        for name, by_times in self.growth.items():
            for times, rate in by_times.items():
                first = {} if times == 1 else {"shortest": by_times[1]}
                yield Measure(
                    "scale",
                    f"one process, {name} × {times}",
                    "messages/s",
                    rate,
                    first,
                    {key: rate / value for key, value in first.items()},
                )
            least, most = min(self.memory[name]), max(self.memory[name])
            yield Measure(
                "scale",
                f"memory over a hundredfold {name}",
                "MiB at most",
                most,
                {"least": least},
                {"least": most / least},
                f"≤ {FLAT} × the least",
                most <= FLAT * least,
            )
        if self.samples:
            most_workers = max(sample.wanted for sample in self.samples)
            yield Measure(
                "scale",
                "burst: workers at most, and one at the end",
                "processes",
                most_workers,
                {},
                {},
                "≥ 2, then 1",
                most_workers >= 2 and self.samples[-1].wanted == 1,
            )

    def draw(self) -> None:
        if self.rates:
            picture.processes(self.rates)
        if self.growth:
            picture.growth(self.growth)
        if self.samples:
            picture.burst(self.samples)


def say(text: str, began: float) -> None:
    print(f"scale: {text} (load {os.getloadavg()[0]:.1f}, {time.monotonic() - began:.0f} s)", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--draw", action="store_true", help="renew the pictures under docs/images")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    parser.add_argument("--size", type=float, default=1.0, help="multiplies every number of messages (default 1)")
    options = parser.parse_args()
    with outbox.servers() as env, tempfile.TemporaryDirectory(prefix="forkroad-scale-") as folder:
        outbox.prepare(env)
        scale = Scale(Path(folder), size=options.size, chosen=options.only)
        scale.run()
        emit(scale.measures(), as_json=options.json)
        if options.draw:
            scale.draw()


if __name__ == "__main__":
    main()
