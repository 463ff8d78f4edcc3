"""Positions: couriers at one report a second each through the real HTTP endpoint, and a customer's map at the end.

    python -m benchmarks.positions [--json] [--couriers N] [--seconds S] [--watchers N] [--web N]

Starts servers of its own, one web process (`--web` for more on one port), the consumer group `positions`, and opens a
connection for each courier, which sends one request a second and keeps the connection. Some couriers bring an order
whose customer listens at /live/. Told are: requests answered, the group's lag while it goes on, the time from a phone's
send to the customer's page, and the most that the endpoint takes, beside the same endpoint in Django alone. Load, web
and brokers share this machine's cores: the limit is this machine's, not the design's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import psutil

from benchmarks import outbox
from benchmarks.report import Measure, emit
from config.embedded.ports import HOST, choose_port

if TYPE_CHECKING:
    from benchmarks.positions_load import Seen

BENCHMARK = "positions"
WEB, RIVAL = "config.asgi:application", "benchmarks.positions_django:application"


@contextlib.contextmanager
def web(app: str, workers: int = 1) -> Iterator[tuple[int, psutil.Process]]:
    """A web server on a port of its own, ready."""
    import httpx

    port = choose_port()
    command = [sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", str(port), "--no-access-log"]
    # A restart loop's backlog would hide a slow server: the default is kept.
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "1", "--workers", str(workers)]
    with _running(command) as process:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://{HOST}:{port}/healthz", timeout=2).status_code == 200:
                    break
            if time.monotonic() > deadline:
                raise RuntimeError(f"{app} does not answer")
            time.sleep(0.2)
        yield port, process


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, cwd=outbox.ROOT, env=dict(os.environ))
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


class Sampler:
    """Lag of the group, in records, once a second, in a thread of its own."""

    def __init__(self) -> None:
        self.lags: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        from messaging.consuming.group import get_group
        from messaging.consuming.lag import total_lag

        group = get_group(BENCHMARK)
        while not self._stop.wait(1.0):
            if (lag := total_lag(group)) is not None:
                self.lags.append(lag)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)


def measure(options: argparse.Namespace) -> list[Measure]:
    from benchmarks.positions_city import build
    from benchmarks.positions_load import RAMP, ride, saturate
    from messaging import topology

    topology.apply()
    city = build(options.couriers, options.watchers)
    consume = [sys.executable, "manage.py", "consume", BENCHMARK]
    with web(WEB, options.web) as (port, server), _running(consume) as group, Sampler() as sampler:
        before = _cpu(server), _cpu(group), time.process_time()
        seen = asyncio.run(ride(city, port=port, seconds=options.seconds))
        took = options.seconds + RAMP
        used = [
            100 * (after - earlier) / took
            for after, earlier in zip((_cpu(server), _cpu(group), time.process_time()), before, strict=True)
        ]
        lags = sampler.lags[-int(options.seconds) :]
    parts = ("web", "group", "load")
    print(f"positions: {', '.join(f'{p} {u:.0f} %' for p, u in zip(parts, used, strict=True))} of a core; "
          f"late {seen.late}, refused {seen.refused}", file=sys.stderr)  # fmt: skip
    limits = {}
    for name, app in (("ours", WEB), ("django", RIVAL)):
        with web(app) as (port, _):
            limits[name] = asyncio.run(saturate(city, port=port, seconds=options.limit_seconds))
    return list(judge(options, seen, lags, limits))


def judge(options: argparse.Namespace, seen: Seen, lags: Sequence[int], limits: dict[str, float]) -> Iterator[Measure]:
    rate, wanted = seen.answered / options.seconds, 0.99 * options.couriers
    answered = f"{options.couriers} couriers at 1 Hz, answered"
    yield Measure(BENCHMARK, answered, "reports/s", rate, {}, {}, f">= {wanted:.0f}", rate >= wanted)
    yield Measure(BENCHMARK, "answer, median", "ms", _at(seen.answers, 0.5), {"p99": _at(seen.answers, 0.99)})
    third = max(1, len(lags) // 3)
    first, last = (statistics.fmean(part or [0]) for part in (lags[:third], lags[-third:]))
    others = {"first third": first, "most": float(max(lags, default=0))}
    # Records of two gathering times are always under way.
    target = "not above the first third by more than a second's records"
    grown = last - first > options.couriers
    yield Measure(BENCHMARK, "lag of the group, last third", "records", last, others, {}, target, not grown)
    p99 = _at(seen.sightings, 0.99)
    shown = f"phone to page, median of {len(seen.sightings)}"
    at_once = 0 < p99 < 1000
    yield Measure(BENCHMARK, shown, "ms", _at(seen.sightings, 0.5), {"p99": p99}, {}, "p99 < 1000", at_once)
    ratios = {"Django alone": limits["ours"] / limits["django"]}
    most = "most reports one web process takes"
    yield Measure(BENCHMARK, most, "reports/s", limits["ours"], {"Django alone": limits["django"]}, ratios)


def _at(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _cpu(process: psutil.Process) -> float:
    """Seconds of processor of a process and its children so far."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)) if one.is_running())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--couriers", type=int, default=2000, help="couriers, each one report a second (default 2000)")
    parser.add_argument("--seconds", type=float, default=60, help="counted time (default 60)")
    parser.add_argument("--watchers", type=int, default=50, help="customers who watch their courier (default 50)")
    parser.add_argument("--web", type=int, default=1, help="web processes (default 1)")
    parser.add_argument("--limit-seconds", type=float, default=5, help="time at the limit, each candidate (default 5)")
    options = parser.parse_args()
    wanted = 2 * options.couriers + 2 * options.watchers + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, wanted), hard), hard))
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options), as_json=options.json)
        # A client that lives as long as this process would tell of every attempt to reach what is gone on purpose.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    main()
