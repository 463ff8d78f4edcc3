"""A burst of commands on one worker, and the scaler beside it."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.outbox import ROOT
from benchmarks.processes import running, wait

from .workers import COMMAND, fresh_queues, send

NAPS = ("--include", "benchmarks.scaling.nap")


def play(messages: int, home: Path) -> list[Any]:
    """The scaler's samples, from before the burst until it is down to one worker again."""
    from django.db import connection

    from config.scaling.pool import Pool
    from config.scaling.rule import Rule
    from config.scaling.scaler import Scaler
    from messaging.models import ScalingSample, TaskRun

    fresh_queues()
    ScalingSample.objects.all().delete()
    TaskRun.objects.all().delete()
    os.environ["FORKROAD_SQS_WAIT_SECONDS"] = "2"
    pool = Pool(
        "alerts",
        queues=["alerts"],
        command=lambda number: (sys.executable, *COMMAND, *NAPS, "-n", f"alerts-{number}@%h"),
        home=home,
        env=os.environ,
        cwd=ROOT,
    )
    scaler = Scaler([pool], {"alerts": Rule(most=3, waiting=100, settling=4, quiet=5)})
    stop = threading.Event()

    def run() -> None:
        scaler.run(stop)
        connection.close()

    thread = threading.Thread(target=run)
    with running((*COMMAND, *NAPS)):
        thread.start()
        try:
            time.sleep(3)
            send(messages, task="alerts.bench_nap", sent=time.time())
            done = TaskRun.objects.filter(outcome="succeeded")
            wait(lambda: done.count() >= messages, within=180, what="the burst to be done", every=0.2)
            wait(
                lambda: pool.workers == 1 and not pool.leaving,
                within=60,
                what="the further workers to leave",
                every=0.2,
            )
            time.sleep(2)
        finally:
            stop.set()
            thread.join()
    if (several := done.values("task_id").distinct().count()) != messages:
        raise SystemExit(f"{several} of {messages} commands were done")
    return list(ScalingSample.objects.order_by("id"))
