"""The tiny instance on the real system, from its first order to its last."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.seeding.seed import seed
from delivery.models import Assignment, Courier
from messaging import topology
from orders.models import City, Order
from simulator.city import build_city
from simulator.instance import read_instance
from tests.system import ROOT, System, child_environment, running
from tests.waiting import wait_for

TINY = ROOT / "tests" / "instances" / "tiny"

#: City seconds a wall second: the tiny day's hour and a half pass in under half a minute.
SPEED = 240

#: What the simulator's idea of city time may be off by: half a wall second, on a machine that has other things to do.
SLACK = timedelta(seconds=SPEED / 2)


def simulate(system: System, *words: str, within: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "simulate", "--url", system.url, "--json", *words],
        cwd=ROOT,
        env=child_environment() | {"FORKROAD_HOME": str(system.home)},
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


@pytest.mark.django_db(transaction=True)
def test_the_tiny_instance_plays_to_its_end_and_a_second_time_places_nothing_twice(tmp_path: Path) -> None:
    # given: the instance's city on a running system
    plan = read_instance(TINY)
    topology.apply()
    accepted = tmp_path / "accepted.txt"
    with running("web", "relay", "sweep", "payments", "worker", env={"FORKROAD_DEMO": "1"}) as system:
        seed(plan, speed=SPEED, at=plan.starts_at)
        # Fifteen city minutes are under four wall seconds here: too little for a busy machine to confirm an order in.
        City.objects.update(confirm_minutes=120)

        # when
        played = simulate(system, "--instance", str(TINY), "--grace", "120", "--accepted", str(accepted))

        # then: it ended by itself, every order with one courier, at the minutes that the instance says
        assert played.returncode == 0, played.stderr
        summary = json.loads(played.stdout)
        assert (summary["placed"], summary["delivered"], summary["unfinished"]) == (12, 12, 0)
        assert Counter(Order.objects.values_list("status", flat=True)) == {"delivered": 12}
        assert Counter(Assignment.objects.values_list("state", flat=True)) == {"completed": 12}
        assert sorted(accepted.read_text().split()) == sorted(str(pk) for pk in Order.objects.values_list(flat=True))
        for planned in plan.orders:
            order = Order.objects.get(address__line=f"Door of {planned.id}")
            assert order.restaurant.slug == planned.restaurant
            assert planned.placed_at - SLACK <= order.placed_at
            assert order.ready_at is not None
            assert planned.ready_at - SLACK <= order.ready_at
        for courier in Courier.objects.all():
            assert courier.shifts.count() == 1

        # when: the same again
        again = simulate(system, "--instance", str(TINY))

        # then: the same orders, over already
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["delivered"] == 12
        assert Order.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_a_run_after_a_kill_9_sees_the_orders_of_the_one_before_to_their_end(tmp_path: Path) -> None:
    # given: a city whose simulator is killed with orders on their way
    plan = build_city(seed=1)
    topology.apply()
    with running("web", "relay", "sweep", "payments", "worker", env={"FORKROAD_DEMO": "1"}) as system:
        seed(plan, speed=SPEED)
        City.objects.update(confirm_minutes=120)
        environment = child_environment() | {"FORKROAD_HOME": str(system.home)}
        command = [sys.executable, "manage.py", "simulate", "--city", "--url", system.url, "--rate", "40"]
        with (
            (tmp_path / "log").open("wb") as log,
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as killed,
        ):
            try:
                on_the_road = Order.objects.filter(status__in=["accepted", "ready"])
                wait_for(lambda: on_the_road.count() >= 3, within=60, what="three orders on their way")
            finally:
                killed.kill()
        left = set(on_the_road.values_list("pk", flat=True))

        # when: another one plays for a moment and ends in order
        played = simulate(system, "--city", "--for", "5", "--rate", "1", "--grace", "120")

        # then
        assert played.returncode == 0, played.stderr
        assert left
        # Those that were not paid yet are nobody's to play: what the payments worker does later is its own.
        assert not Order.objects.unfinished().filter(pk__in=left).exists(), played.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--instance", "/nowhere"], "/nowhere: no such folder"),
        (["--instance", str(TINY), "--city"], "not allowed with argument"),
        (["--rate", "0"], "--rate must be more than 0"),
        (["--leave", "c-99"], "--leave c-99: Tarnwick has no courier or restaurant of that account name"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(words: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("simulate", *words)
