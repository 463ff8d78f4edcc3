"""All read models built anew from the stream: `manage.py replay --processes 2` of every group.

    python -m benchmarks.replay [--json] [--events N] [--groups NAME …]

The target is for a million events (`--events 1000000`); a shorter run is scaled up, start of the processes included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import orders_stream, outbox
from benchmarks.report import Measure, emit

#: Seconds in which a million events are to be in every model, on two cores.
TARGET = 60.0


#: Processes, one a core.
PROCESSES = 2


def rebuild(groups: Sequence[str]) -> list[dict[str, Any]]:
    """What the command says of each group."""
    done = subprocess.run(
        [sys.executable, "manage.py", "replay", *groups, "--processes", str(PROCESSES), "--json"],
        cwd=outbox.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(events: int, chosen: list[str]) -> list[Measure]:
    from messaging.consuming.group import all_groups

    groups = [group for group in all_groups() if group.replayable and (not chosen or group.name in chosen)]
    for topic in sorted({topic for group in groups for topic in group.topics} - {outbox.TOPIC}):
        outbox.make_topic(topic)
    events = orders_stream.fill(events)
    busy = {group.name for group in groups if outbox.TOPIC in group.topics}
    names = [group.name for group in groups]
    began = time.perf_counter()
    answers = rebuild(names)
    took = time.perf_counter() - began
    measures = []
    for answer in answers:
        name, applied = answer["group"], answer["events"]
        if applied != (events if name in busy else 0):
            raise RuntimeError(f"{name} applied {applied} of {events} events")
        if name in busy:
            measures.append(Measure("replay", f"{name}, beside the others", "events/s", events / answer["seconds"]))
    million = took / events * 1_000_000
    measures.append(
        Measure(
            "replay",
            f"all {len(names)} read models, by {events} events",
            "s per million events",
            million,
            target=f"≤ {TARGET:g}",
            met=million <= TARGET,
        )
    )
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--events", type=int, default=300_000, help="order events (default 300000)")
    parser.add_argument("--groups", nargs="+", default=[], help="only these (default: all that can be replayed)")
    options = parser.parse_args()
    with outbox.servers({"max_wal_size": "2GB"}) as env:
        outbox.prepare(env)
        emit(measure(options.events, options.groups), as_json=options.json)


if __name__ == "__main__":
    main()
