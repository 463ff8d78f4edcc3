"""What each road takes to run: counted in this checkout, and measured where a system runs."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import psutil
from django.conf import settings

from config.embedded.memory import tree_bytes
from messaging.comparison.notes import Notes
from messaging.comparison.stage import Stage
from messaging.comparison.statements import Statement

from .costs import BOTH, KAFKA, PARTS, SERVERS, SQS, Cost, costs

MIB = 2**20


def running(stage: Stage, notes: Notes) -> None:
    notes.do("the parts, settings, declarations and code of this checkout, counted; the memory of what runs, measured")
    counted = {cost.road: cost for cost in costs()}
    measured = memory_by_road(settings.FORKROAD_HOME)
    notes.table(
        "What each road takes here",
        ("", SQS, KAFKA, "both"),
        (
            ("processes", *(len(counted[road].processes) for road in (SQS, KAFKA, BOTH))),
            ("their names", *(", ".join(counted[road].processes) for road in (SQS, KAFKA, BOTH))),
            ("settings, Celery's included", *(counted[road].settings for road in (SQS, KAFKA, BOTH))),
            ("declared", *(counted[road].declared for road in (SQS, KAFKA, BOTH))),
            ("lines of code", *(counted[road].lines for road in (SQS, KAFKA, BOTH))),
            ("memory now, MiB", *(round(measured[road] / MIB) if measured else "–" for road in (SQS, KAFKA, BOTH))),
        ),
    )
    notes.sqs(summary(counted[SQS]))
    notes.kafka(summary(counted[KAFKA]))
    notes.build("Both here: one step, `python manage.py topology`, makes every queue and every topic")
    notes.limit(
        "On AWS the queue's server is not yours to run: no process, no disk, no upgrade, and a bill for each call. A"
        " cluster of brokers is, unless it is rented too."
    )
    if not measured:
        notes.limit("No system runs from this checkout, so its memory was not measured: `make demo` starts one.")
    notes.limit(f"Counted on {platform.system()}, {psutil.cpu_count()} cores; one broker, where three are usual.")


def summary(cost: Cost) -> str:
    return f"{len(cost.processes)} processes, {cost.settings} settings, {cost.lines:,} lines of code"


def memory_by_road(home: Path) -> dict[str, int]:
    """Bytes held by the processes of each road that run under this home; empty where none does."""
    totals = {SQS: 0, KAFKA: 0, BOTH: 0}
    for name, road in (SERVERS | PARTS).items():
        try:
            noted = json.loads((home / "run" / f"{name}.pid").read_text())
            # The number may be somebody else's by now.
            if abs(psutil.Process(noted["pid"]).create_time() - noted["started"]) < 1:
                totals[road] += tree_bytes(noted["pid"])
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
            continue
    return totals if any(totals.values()) else {}


RUNNING = Statement("running", "SQS is rented and Kafka is run; both need processes of your own.", running)
