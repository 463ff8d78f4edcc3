"""Time promises: how often "by … at the latest" held, over a day played through the whole system.

    python -m benchmarks.eta [--json] [--seconds S] [--speed X] [--rate ORDERS] [--seed N]
    python -m benchmarks.eta --orders N [--json] [--rate ORDERS] [--seed N]

Servers, relay, workers, consumers and web run as in the demo; the built-in city is played against them. With `--orders`
the day is played in virtual time instead (`eta_virtual.py`): verbs, database and handlers in one process, in a fraction
of the time, and the same orders each time. FORKROAD_TEST_STACK may then name servers that run already.

Promises made in the first part of the run (`--train`) only teach: what they hold is told, but the figures that count
are those of the rest, which were made with nothing but the past to go by.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import outbox
from benchmarks.report import Measure, emit
from config.embedded.parts import Options, parts
from config.embedded.ports import choose_port
from config.embedded.stack import read_env

BENCHMARK = "eta"
#: City minutes that a call of the API may take, at the 95th percentile, where the machine holds the speed.
LATE_CALL = 0.25


@contextlib.contextmanager
def system(options: Options) -> Iterator[None]:
    """Every part of the demo but its player."""
    import httpx

    running = [
        subprocess.Popen(part.argv, cwd=outbox.ROOT, env=dict(os.environ) | part.env, stderr=subprocess.DEVNULL)
        for part in parts(options)
        if not part.player
    ]
    try:
        deadline = time.monotonic() + 240
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{options.url}/healthz", timeout=2).status_code == 200:
                    break
            if time.monotonic() > deadline:
                raise RuntimeError("the web part does not answer")
            time.sleep(0.3)
        yield
    finally:
        for part in running:
            part.terminate()
        for part in running:
            try:
                part.wait(10)
            except subprocess.TimeoutExpired:
                part.kill()


def play_virtually(options: argparse.Namespace) -> list[Measure]:
    from django.core.management import call_command

    call_command("seed", city=True, seed=options.seed, speed=1.0)
    from benchmarks.eta_virtual import Day
    from delivery.eta.calibration import calibration

    day = Day(orders=options.orders, rate=options.rate, seed=options.seed)
    day.play()
    split = day.began + (day.now - day.began) * options.train
    return list(judge(calibration(until=split), calibration(since=split)))


def play(options: argparse.Namespace) -> list[Measure]:
    from django.core.management import call_command

    from delivery.eta.calibration import calibration
    from orders.city import city_now

    call_command("topology")
    call_command("seed", city=True, seed=options.seed, speed=options.speed)
    with system(Options(port=options.port, speed=options.speed, seed=options.seed)):
        began = city_now()
        command = [sys.executable, "manage.py", "simulate", "--city", "--seed", str(options.seed), "--json"]
        command += ["--url", f"http://127.0.0.1:{options.port}", "--rate", str(options.rate)]
        command += ["--for", str(options.seconds), "--leave", "none"]
        done = subprocess.run(command, cwd=outbox.ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        # The last deliveries are still on their way through the outbox.
        time.sleep(5)
    lines = done.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines else {}
    print(f"eta: the run: {json.dumps(told)[:600]}", file=sys.stderr)
    call = told.get("api", {}).get("p95_ms", 0) / 1000 * options.speed / 60
    if call > LATE_CALL:
        print(f"eta: the machine did not hold this speed: a call took {call:.1f} city minutes (95th percentile), so"
              " this is a city of slow telephones; play slower with --speed", file=sys.stderr)  # fmt: skip
    split = began + (city_now() - began) * options.train
    return list(judge(calibration(until=split), calibration(since=split)))


def judge(train: object, test: object) -> Iterator[Measure]:
    from delivery.eta.calibration import Calibration

    assert isinstance(train, Calibration) and isinstance(test, Calibration)
    before = {kept.stage: kept for kept in train.stages}
    every = [*test.stages, *([test.all] if test.all else [])]
    for kept in every:
        earlier = train.all if not kept.stage else before.get(kept.stage)
        low, high = kept.interval
        rivals = {"promises": kept.promises, "95 % from": 100 * low, "95 % to": 100 * high}
        rivals |= {"median error, min": kept.error / 60, "median later than estimated, min": kept.off / 60}
        rivals |= {"median room, min": kept.room / 60}
        if earlier is not None:
            rivals["while learning"] = 100 * earlier.share
        yield Measure(BENCHMARK, f"latest time held, {kept.name}", "%", 100 * kept.share, rivals, {},
                      "88 to 92", kept.met)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--seconds", type=float, default=300, help="wall seconds in which orders are placed (300)")
    parser.add_argument("--orders", type=int, help="play so many in virtual time, without the roads")
    parser.add_argument("--speed", type=float, default=30, help="city seconds a second (30)")
    parser.add_argument("--rate", type=float, default=90, help="orders a city hour, over the day's mean (90)")
    parser.add_argument("--seed", type=int, default=1, help="of the city and of every choice made in it (1)")
    parser.add_argument("--train", type=float, default=0.3, help="share of the time that only teaches (0.3)")
    options = parser.parse_args()
    options.port = choose_port()
    if options.orders and (running := os.environ.get("FORKROAD_TEST_STACK")):
        # Only a database is needed: one of its own on servers that run already.
        from benchmarks.celery_sqs import database

        os.environ.update(read_env(Path(running)))
        with database(os.environ["DATABASE_URL"]) as address:
            os.environ |= {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
            import django

            django.setup()
            emit(play_virtually(options), as_json=options.json)
            from django.db import connections

            connections.close_all()
        return
    with outbox.servers() as env:
        os.environ["FORKROAD_DEMO"] = "1"
        outbox.prepare(env)
        emit(play_virtually(options) if options.orders else play(options), as_json=options.json)


if __name__ == "__main__":
    main()
