"""The short form of every benchmark, one after the other, and a table of the targets at the end.

    python -m benchmarks [--json] [--only NAME …] [--mdrp INSTANCE_DIR …] [--baskets DIR]

Prints each measure as it comes (with --json one object a line, the table then on standard error). A benchmark that
needs what is not here is passed over, and that is said. Each is a command of its own (`python -m benchmarks.NAME
--help`) with longer runs, whose figures are steadier. Ends with 1 when one failed; a missed target is no failure.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: Folders of public data, separated as in PATH: dispatch instances, and a set of baskets.
MDRP, BASKETS = "FORKROAD_MDRP", "FORKROAD_BASKETS"


@dataclass(frozen=True)
class Benchmark:
    """`arguments` make it short; `limit` in seconds ends one that hangs. `data` names what it has to be given."""

    name: str
    arguments: tuple[str, ...] = ()
    limit: float = 420
    data: str = ""


BENCHMARKS = (
    Benchmark("relay", ("--events", "40000", "--latency-events", "800")),
    Benchmark("celery_sqs", ("--messages", "600", "--rounds", "1")),
    Benchmark("consumer", ("--events", "60000", "--sample", "600")),
    Benchmark("replay", ("--events", "60000")),
    Benchmark("dispatch", data=MDRP),
    Benchmark("dispatch_throughput", ("--orders", "160", "--paced", "80")),
    Benchmark("dashboard", ("--seconds", "10")),
    Benchmark("positions", ("--seconds", "10", "--limit-seconds", "3")),
    Benchmark("pages", ("--visits", "1")),
    Benchmark("moves", ("--orders", "3")),
    Benchmark("fanout"),
    Benchmark("eta", ("--seconds", "60")),
    Benchmark("fraud", ("--seeds", "101", "--seconds", "10")),
    Benchmark("recommend", ("--folds", "1"), data=BASKETS),
    Benchmark("advice", ("--orders", "20000", "--requests", "100")),
    Benchmark("scale", ("--size", "0.25")),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[one.name for one in BENCHMARKS])
    parser.add_argument("--mdrp", nargs="+", metavar="INSTANCE_DIR", help=f"for dispatch; else from {MDRP}")
    parser.add_argument("--baskets", metavar="DIR", help=f"for recommend; else from {BASKETS}")
    options = parser.parse_args()
    given = {
        MDRP: options.mdrp or _paths(MDRP),
        BASKETS: [options.baskets] if options.baskets else _paths(BASKETS),
        "": [],
    }
    measures: list[dict[str, Any]] = []
    failed: list[str] = []
    for benchmark in BENCHMARKS:
        if options.only and benchmark.name not in options.only:
            continue
        folders = given[benchmark.data]
        if why := missing(benchmark, folders):
            say(f"{benchmark.name}: skipped: {why}")
            continue
        began = time.monotonic()
        say(f"{benchmark.name}: begins")
        found, problem = run(benchmark, [*folders, *benchmark.arguments], as_json=options.json)
        measures += found
        if problem:
            failed.append(benchmark.name)
            say(f"{benchmark.name}: FAILED: {problem}")
        else:
            say(f"{benchmark.name}: done after {time.monotonic() - began:.0f} s")
    print(table(measures, failed), file=sys.stderr if options.json else sys.stdout)
    return 1 if failed else 0


def missing(benchmark: Benchmark, folders: Sequence[str]) -> str:
    """What keeps it from running here; empty when nothing does."""
    if find_spec(f"benchmarks.{benchmark.name}") is None:
        return "there is no such module"
    if benchmark.data and not folders:
        return f"set {benchmark.data} to a folder of its public data (docs/benchmarks.md)"
    gone = [path for path in folders if not Path(path).is_dir()]
    return f"not a folder: {', '.join(gone)}" if gone else ""


def run(benchmark: Benchmark, arguments: Sequence[str], *, as_json: bool) -> tuple[list[dict[str, Any]], str]:
    """Its measures, shown as they come, and what went wrong, if anything did."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{benchmark.name}", "--json", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    # As Ctrl-C would: it then takes its servers down itself.
    timer = threading.Timer(benchmark.limit, process.send_signal, [signal.SIGINT])
    timer.start()
    measures = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                measure = json.loads(line)
            except ValueError:
                continue
            if not isinstance(measure, dict):
                continue
            measures.append(measure)
            print(line.strip() if as_json else sentence(measure), flush=True)
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    finally:
        late = not timer.is_alive()
        timer.cancel()
    if late:
        return measures, f"had not ended after {benchmark.limit:g} s"
    return measures, f"ended with code {code}" if code else ""


def sentence(measure: dict[str, Any]) -> str:
    beside = "".join(f"; {name} {value:,.4g}" for name, value in measure.get("rivals", {}).items())
    return f"{measure.get('benchmark')}: {measure.get('measure')}: {_number(measure)} {measure.get('unit', '')}{beside}"


def table(measures: Sequence[dict[str, Any]], failed: Sequence[str]) -> str:
    """Every measure that has a target, and whether it was met."""
    rows = [
        (
            "met" if measure["met"] else "MISSED",
            f"{measure['benchmark']}: {measure['measure']}",
            f"{_number(measure)} {measure['unit']}",
            str(measure["target"]),
        )
        for measure in measures
        if measure.get("target") and measure.get("met") is not None
    ]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    lines = [
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    met = sum(row[0] == "met" for row in rows)
    last = f"{met} of {len(rows)} targets met" + (f"; failed: {', '.join(failed)}" if failed else "")
    return "\n".join(["", *lines, last, f"load average {os.getloadavg()[0]:.1f}; short runs: read them as ratios"])


def _number(measure: dict[str, Any]) -> str:
    value = measure.get("ours")
    return f"{value:,.{0 if abs(value) >= 1000 else 2}f}" if isinstance(value, int | float) else str(value)


def _paths(name: str) -> list[str]:
    return [path for path in os.environ.get(name, "").split(os.pathsep) if path]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
