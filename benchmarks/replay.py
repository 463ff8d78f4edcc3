"""All read models built anew from the stream: `manage.py replay` of every group, two processes at a time.

    python -m benchmarks.replay [--json] [--events N] [--groups NAME …]

The target is for a million events (`--events 1000000`); a shorter run is scaled up, start of the processes included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import orders_stream, outbox
from benchmarks.report import Measure, emit

#: Seconds in which a million events are to be in every model, on two cores.
TARGET = 60.0


def rebuild(group: str) -> dict[str, float]:
    """What the command says of itself."""
    done = subprocess.run(
        [sys.executable, "manage.py", "replay", group, "--json"],
        cwd=outbox.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(events: int, chosen: list[str]) -> list[Measure]:
    from messaging.consuming.group import all_groups

    groups = [group for group in all_groups() if group.replayable and (not chosen or group.name in chosen)]
    for topic in sorted({topic for group in groups for topic in group.topics} - {outbox.TOPIC}):
        outbox.make_topic(topic)
    events = orders_stream.fill(events)
    # The heaviest first, so that the two processes end together.
    names = sorted((group.name for group in groups), key=lambda name: (name != "audit", name != "metrics"))
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(names, pool.map(rebuild, names), strict=True))
    took = time.perf_counter() - began
    measures = []
    for name, answer in answers.items():
        if answer["events"] != events:
            raise RuntimeError(f"{name} applied {answer['events']} of {events} events")
        measures.append(Measure("replay", f"{name} alone", "events/s", events / answer["seconds"]))
    million = took / events * 1_000_000
    target = f"≤ {TARGET:g}"
    measures.append(
        Measure(
            "replay",
            f"all {len(names)} read models, by {events} events",
            "s per million events",
            million,
            {},
            {},
            target,
            million <= TARGET,
        )
    )
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--events", type=int, default=300_000, help="order events (default 300000)")
    parser.add_argument("--groups", nargs="+", default=[], help="only these (default: all that can be replayed)")
    options = parser.parse_args()
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options.events, options.groups), as_json=options.json)


if __name__ == "__main__":
    main()
