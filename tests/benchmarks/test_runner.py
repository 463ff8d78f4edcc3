"""All benchmarks by one command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module

import pytest

from benchmarks.__main__ import BENCHMARKS, MDRP, Benchmark, missing, table
from tests.system import ROOT

TINY = ROOT / "tests" / "instances" / "tiny"


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != MDRP}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=inherited | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_its_data_is_missing_for_is_skipped_and_said() -> None:
    done = run("--only", "dispatch", "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"dispatch: skipped: set {MDRP}" in done.stderr
    assert "0 of 0 targets met" in done.stderr


def test_each_measure_is_one_object_a_line_and_the_table_stands_beside() -> None:
    done = run("--only", "dispatch", "--json", **{MDRP: str(TINY)})
    assert done.returncode == 0, done.stderr
    measures = [json.loads(line) for line in done.stdout.splitlines()]
    assert measures and {measure["benchmark"] for measure in measures} == {"dispatch"}
    assert "targets met" in done.stderr and "targets met" not in done.stdout


def test_a_folder_that_is_not_there_is_named() -> None:
    assert "not a folder: /nowhere" in missing(Benchmark("dispatch", data=MDRP), ["/nowhere"])


def test_the_table_tells_met_from_missed() -> None:
    measure = {"benchmark": "relay", "measure": "drain", "unit": "events/s", "target": "≥ 15000"}
    lines = table(
        [measure | {"ours": 16000.0, "met": True}, measure | {"ours": 9000.0, "met": False}, measure | {"met": None}],
        ["scale"],
    ).splitlines()
    assert lines[1:4] == [
        "met     relay: drain  16,000 events/s  ≥ 15000",
        "MISSED  relay: drain  9,000 events/s   ≥ 15000",
        "1 of 2 targets met; failed: scale",
    ]


@pytest.mark.parametrize("name", [one.name for one in BENCHMARKS if not missing(one, [str(TINY)] if one.data else [])])
def test_every_listed_benchmark_is_a_command(name: str) -> None:
    assert callable(import_module(f"benchmarks.{name}").main)
