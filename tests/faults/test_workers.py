"""Rows 1 to 3: workers that die, and workers that are told to end, with commands in their hands.

No sweeper runs here, so that it is SQS, and not the second look once a second, that brings back what was lost.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from delivery.models import Zone
from messaging.models import TaskRun
from tests.messaging.sqs.workers import Worker, depth, post
from tests.system import System, running
from tests.waiting import wait_for

from .outcome import assert_delivered, assert_kept, await_drained, await_ended
from .people import Town
from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

#: What each worker does that takes long enough to be killed in the middle of.
COMMANDS = {"payments": "payments.authorise", "worker": "delivery.dispatch_zone"}
#: On a busy machine a second at the bank must not meet the hard limit of the testing profile.
LIMITS = {"FORKROAD_TASK_LIMIT_SECONDS": "4"}


def at_some_moment(chance: random.Random, *, within: float) -> None:
    """The instant of the fault, anywhere in these seconds: part of the trial, not a wait for anything."""
    threading.Event().wait(chance.uniform(0, within))


def await_at_work(part: str) -> None:
    """Return when the worker is in the middle of a command."""
    at_work = TaskRun.objects.filter(task=COMMANDS[part], outcome=TaskRun.Outcome.RUNNING)
    wait_for(at_work.exists, within=20, what=f"{part} to be at {COMMANDS[part]}")


@contextlib.contextmanager
def rounds_held() -> Iterator[None]:
    """Keep every round of dispatch waiting at its first statement, as behind a slow transaction."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(Zone.objects.select_for_update())
                held.set()
                over.wait(timeout=60)
        finally:
            connection.close()

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert held.wait(timeout=10)
    try:
        yield
    finally:
        over.set()
        holder.join(timeout=10)


def start_again(system: System) -> None:
    """Start both workers once more and wait until each says that it receives."""
    before = {part: system.log(part).count(" ready.") for part in COMMANDS}
    for part in COMMANDS:
        system[part].spawn()
    for part, starts in before.items():
        system[part].await_ready(lambda: system.log(part).count(" ready.") > starts, within=60)  # noqa: B023


def await_held(queue: str, count: int) -> None:
    """Return when workers hold so many messages of a queue, at work or prefetched."""
    wait_for(lambda: depth(queue)[1] >= count, within=20, what=f"{count} messages of {queue} in workers' hands")


@pytest.mark.fault(1, "a pool child is killed in the middle of a command")
def test_a_killed_pool_child_loses_no_command(fault: Row) -> None:
    slowest = 0.0
    with running("relay", "payments", "worker", env=LIMITS) as system, Town() as town:
        for chance in fault.run(short=1, full=50):
            orders = [town.order(card="tok_slow"), town.order()]
            await_at_work("payments")
            at_some_moment(chance, within=0.8)
            for child in system["payments"].descendants():
                child.kill()
            killed = time.monotonic()
            await_ended(orders, within=30)
            slowest = max(slowest, time.monotonic() - killed)
            assert_delivered(orders)
        await_drained(within=10)
    assert_kept()
    assert TaskRun.objects.filter(task="payments.authorise", receive_count__gt=1).exists(), "no kill hit a command"
    fault.measures["recovered within"] = f"{slowest:.1f} s"


@pytest.mark.parametrize("guarded", [True, False])
def test_reject_on_worker_lost_alone_keeps_the_command_of_a_killed_child(guarded: bool, tmp_path: Path) -> None:
    """Without it Celery acknowledges what its child was killed over: the command is gone, and nobody is told."""
    path = tmp_path / "runs"
    env = {"FORKROAD_TASK_LIMIT_SECONDS": "60", "FORKROAD_VISIBILITY_SECONDS": "600"}
    if not guarded:
        env["FORKROAD_WITHOUT"] = "reject_on_worker_lost"
    with Worker(tmp_path, app="tests.faults.unguarded", pool="prefork", concurrency=1, **env) as worker:
        post("alerts.hold", path=str(path))
        wait_for(path.exists, within=20, what="the command to run")
        for child in worker.children:
            child.kill()
        Path(f"{path}.go").touch()
        wait_for(lambda: depth("alerts") == (0, 0), within=20, what="the message to be deleted", every=0.1)
    assert TaskRun.objects.filter(outcome=TaskRun.Outcome.SUCCEEDED).count() == (1 if guarded else 0)
    assert len(path.read_text().split()) == (2 if guarded else 1)


@pytest.mark.fault(2, "whole workers are killed in the middle of a command")
def test_killed_workers_lose_no_command(fault: Row) -> None:
    slowest = 0.0
    limit = settings.VISIBILITY_SECONDS + 15
    with running("relay", *COMMANDS, env=LIMITS) as system, Town() as town:
        for chance in fault.run(short=1, full=30):
            with rounds_held():
                orders = town.order_many(2, chance=chance)
                await_at_work("worker")
                orders.append(town.order(card="tok_slow"))
                await_at_work("payments")
                at_some_moment(chance, within=0.8)
                for victim in COMMANDS:
                    system[victim].kill()
            killed = time.monotonic()
            start_again(system)
            await_ended(orders, within=limit - (time.monotonic() - killed))
            slowest = max(slowest, time.monotonic() - killed)
            assert_delivered(orders)
        await_drained(within=10)
    assert_kept()
    fault.measures["recovered within"] = f"{slowest:.1f} s (visibility timeout {settings.VISIBILITY_SECONDS} s)"


@pytest.mark.fault(3, "SIGTERM, then SIGQUIT, with prefetch full")
def test_workers_that_are_told_to_end_take_no_command_along(fault: Row) -> None:
    slowest = ended = 0.0
    with running("relay", *COMMANDS, env=LIMITS) as system, Town(riders=4, capacity=3) as town:
        for chance in fault.run(short=1, full=30):
            with rounds_held():
                # Two a slot is what Celery asks for; the orders' own calls may travel as one.
                orders = town.order_many(8, chance=chance)
                for _ in range(8):
                    post(COMMANDS["worker"], queue="dispatch", zone="centre")
                await_held("dispatch", 8)
                orders += town.order_many(2, chance=chance, slow=1)
                await_held("payments", 2)
                told = time.monotonic()
                for number in (signal.SIGTERM, signal.SIGQUIT):
                    for victim in COMMANDS:
                        os.kill(system[victim].pid, number)
                    at_some_moment(chance, within=0.5)
            wait_for(
                lambda: not any(system[victim].alive() for victim in COMMANDS), within=20, what="the workers to end"
            )
            ended = max(ended, time.monotonic() - told)
            start_again(system)
            await_ended(orders, within=30)
            slowest = max(slowest, time.monotonic() - told)
            assert_delivered(orders)
        await_drained(within=10)
    assert_kept()
    fault.measures["ended within"] = f"{ended:.1f} s"
    fault.measures["all delivered within"] = f"{slowest:.1f} s"
