"""What a benchmark starts, and what is left of it."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from tests.system import ROOT
from tests.waiting import wait_for

#: Starts a process that touches its file and sleeps, says that it runs, and waits.
BENCHMARK = """
import signal, time
from benchmarks.processes import ended_by_a_signal, running
CHILD = "import os, pathlib, time; pathlib.Path(os.environ['FORKROAD_READY_FILE']).touch(); time.sleep(600)"
# What runs in the background of a shell is started deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
with ended_by_a_signal(), running(["-c", CHILD]):
    print("runs", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_benchmark_that_is_ended_leaves_nothing_behind(number: signal.Signals) -> None:
    # given
    benchmark = subprocess.Popen(
        [sys.executable, "-c", BENCHMARK], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert benchmark.stdout is not None and benchmark.stdout.readline() == b"runs\n"
    [child] = psutil.Process(benchmark.pid).children()
    # when
    benchmark.send_signal(number)
    # then
    assert benchmark.wait(30) != 0
    wait_for(lambda: not child.is_running(), within=10, what="the end of what it started")
