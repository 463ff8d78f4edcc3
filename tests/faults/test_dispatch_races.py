"""Rows 6, 16 and 21: what dispatch promises of an order and its courier does not depend on who is quick or on time.

Row 6 races real workers, row 21 real requests; the zone's lock, which would spare them the race, is away.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import F, QuerySet, Value
from django.test import Client

from config.verify import streams
from config.verify.couriers import history_names_one_courier, one_courier, order_names_its_courier, within_capacity
from delivery import couriers, offers
from delivery.models import Assignment, Courier, Offer
from messaging.models import Incident, OutboxRow, TaskRun
from orders.city import CityAfter, city_now
from orders.models import City, Order
from tests import factories
from tests.delivery.conftest import facts, let_run_out, offer_to
from tests.delivery.duel import Duel, start_over
from tests.delivery.test_guards import without
from tests.messaging.sqs.workers import Worker, depth, post
from tests.system import running
from tests.waiting import wait_for

from .clocks import Clocks
from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

ROUND = "delivery.dispatch_zone"
#: The wrongest that a machine's clock is here, in seconds.
TEN_MINUTES = 600.0


def racer(home: Path, *, half: int, queues: str) -> Worker:
    """A worker that runs its zone's rounds whoever else does, and asks its own half of the couriers."""
    name = f"racer{half}"
    return Worker(
        home / name,
        app="tests.faults.unlocked",
        queues=queues,
        concurrency=1,
        arguments=("-n", f"{name}@here"),
        FORKROAD_HALF=str(half),
        FORKROAD_DISPATCH_POLICY="half",
        # A round that waits for the test must not count as one that goes on for too long.
        FORKROAD_TASK_LIMIT_SECONDS="60",
    )


@pytest.fixture
def pair() -> list[Courier]:
    """Two couriers with room for more than one order, so that the order's own guard alone is left."""
    return [factories.make_courier(f"c-{number:02}", capacity=3) for number in range(2)]


@contextlib.contextmanager
def held(order: Order) -> Iterator[None]:
    """Keep whoever would offer the order waiting at its lock."""
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        yield


def sessions_waiting() -> int:
    """Database sessions that wait for a lock here. (All transaction long, pg_stat_activity shows what it first did.)"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT waiting.pid) FROM pg_locks waiting JOIN pg_locks here USING (pid)"
            " JOIN pg_database ON here.database = pg_database.oid"
            " WHERE NOT waiting.granted AND datname = current_database()"
        )
        count: int = cursor.fetchone()[0]
        return count


def await_count(rows: QuerySet[TaskRun], count: int) -> None:
    wait_for(lambda: rows.count() == count, within=30, what=f"{count} receives of the message", every=0.05)


def await_ended(task_id: str) -> None:
    ended = TaskRun.objects.filter(task_id=task_id, outcome=TaskRun.Outcome.SUCCEEDED)
    wait_for(lambda: ended.count() == 2, within=20, what="both workers to end the command")


def assert_promised() -> None:
    checks = (one_courier, history_names_one_courier, within_capacity, order_names_its_courier)
    assert [violation for check in checks for violation in check()] == []


def race(order: Order, *, first: str = "alerts", then: str = "notices") -> None:
    """Let both racers plan the order, and go at the same instant; the command is in the queue `first` first."""
    with held(order):
        task_id = post(ROUND, queue=first, zone="centre")
        post(ROUND, queue=then, task_id=task_id, zone="centre")
        wait_for(lambda: sessions_waiting() == 2, within=20, what="both workers at the order", every=0.005)
    await_ended(task_id)


@pytest.mark.fault(6, "two workers hold one command, its visibility over, and race for one order")
def test_of_two_workers_with_one_command_the_loser_does_nothing(
    fault: Row, pair: list[Courier], tmp_path: Path
) -> None:
    order = factories.accepted_order()
    winners: Counter[int] = Counter()
    with racer(tmp_path, half=0, queues="alerts"), racer(tmp_path, half=1, queues="notices"):
        for chance in fault.run(short=20, full=500):
            order.refresh_from_db()
            rows, offered = OutboxRow.objects.count(), Offer.objects.count()
            # Postgres gives a lock to whoever waits longest: in one order always, one of them might always win.
            first, then = chance.sample(["alerts", "notices"], 2)
            race(order, first=first, then=then)
            offer = Offer.objects.get(state=Offer.State.OPEN)
            assert Assignment.objects.get(order=order, state="offered").offer == offer
            assert (OutboxRow.objects.count(), Offer.objects.count()) == (rows + 1, offered + 1)
            assert Order.objects.get(pk=order.pk).version == order.version + 1
            winners[offer.courier_id] += 1
            start_over(order)
        wait_for(lambda: depth("alerts") == depth("notices") == (0, 0), within=10, what="both messages to be deleted")
    assert not TaskRun.objects.exclude(outcome=TaskRun.Outcome.SUCCEEDED).exists()
    assert not Incident.objects.exists()
    assert set(facts(order)) == {"offer.made", "offer.withdrawn"}
    assert len(winners) == 2, "one of the workers always won: that was no race"
    fault.measures["won by either"] = " and ".join(str(count) for _, count in sorted(winners.items()))


def test_without_the_index_that_race_gives_the_order_two_couriers(pair: list[Courier], tmp_path: Path) -> None:
    order = factories.accepted_order()
    with (
        racer(tmp_path, half=0, queues="alerts"),
        racer(tmp_path, half=1, queues="notices"),
        without(Assignment, "one_courier_an_order"),
    ):
        race(order)
        assert Offer.objects.filter(state=Offer.State.OPEN, assignments__order=order).count() == 2
        assert [violation.detail for violation in one_courier()] == ["is with 2 couriers at once"]


@pytest.mark.fault(6, "a worker is stopped at its command until another has it too")
def test_a_worker_that_outlives_its_messages_visibility_changes_nothing(
    fault: Row, pair: list[Courier], tmp_path: Path
) -> None:
    slowest = 0.0
    with (
        racer(tmp_path, half=0, queues="dispatch") as left,
        racer(tmp_path, half=1, queues="dispatch") as right,
    ):
        racers = {"racer0@here": left, "racer1@here": right}
        for chance in fault.run(short=1, full=12):
            order = factories.accepted_order()
            runs = TaskRun.objects.order_by("receive_count")
            with held(order):
                runs = runs.filter(task_id=post(ROUND, queue="dispatch", zone="centre"))
                wait_for(lambda: sessions_waiting() == 1, within=20, what="a worker at the order")
                first = racers[runs.get().worker]
                first.signal(signal.SIGSTOP)
                await_count(runs, 2)
                wait_for(lambda: sessions_waiting() == 2, within=20, what="the other at the order")
                if early := chance.random() < 0.5:
                    first.signal(signal.SIGCONT)
            if not early:
                # Its session has the order's lock already: the other waits for a process that does not move.
                first.signal(signal.SIGCONT)
            await_ended(str(runs[0].task_id))
            assert [(run.receive_count, run.worker) for run in runs] == [
                (1, runs[0].worker),
                (2, next(name for name in racers if name != runs[0].worker)),
            ]
            slowest = max(slowest, (runs[1].started_at - runs[0].started_at).total_seconds())
            assert facts(order) == ["offer.made"]
            offer = Offer.objects.get(state=Offer.State.OPEN)
            offers.accept(offer.pk, courier=offer.courier)
            wait_for(lambda: depth("dispatch") == (0, 0), within=10, what="the message to be deleted")
            assert_promised()
            start_over(order)
            Order.objects.filter(pk=order.pk).update(status="undeliverable")
    fault.measures["received again after"] = f"{slowest:.1f} s"


@pytest.mark.fault(16, "every process's clock is up to ten minutes wrong, and jumps while an offer is open")
def test_offers_live_as_long_as_they_should_whatever_the_workers_clocks_say(
    fault: Row, pair: list[Courier], tmp_path: Path
) -> None:
    # Nobody needs a minute at a door: who has delivered is asked again at once.
    City.objects.update(offer_seconds=4, offer_wall_seconds=4, pickup_minutes=0, dropoff_minutes=0)
    clocks = Clocks(tmp_path)
    orders: list[Order] = []
    latest = timedelta(0)

    def jump(chance: random.Random) -> None:
        for part in ("relay", "sweep", "worker"):
            clocks.set(part, chance.choice([-TEN_MINUTES, TEN_MINUTES, chance.uniform(-TEN_MINUTES, TEN_MINUTES)]))

    with running("relay", "sweep", "worker", env=clocks.env):
        for chance in fault.run(short=2, full=20):
            jump(chance)
            began = city_now()
            order = factories.ready_order()
            orders.append(order)
            (first,) = _offers_of(order, 1)
            assert began < first.made_at < began + timedelta(seconds=20), "made by the database's clock"
            assert first.deadline - first.made_at == pytest.approx(timedelta(seconds=4), abs=timedelta(seconds=0.1))
            jump(chance)
            # Nobody answers: the sweeper, whatever time it believes it is, ends it after the deadline and soon.
            await_end(first)
            assert (first.state, first.answered_at is not None) == ("expired", True)
            late = first.answered_at - first.deadline if first.answered_at else timedelta(0)
            assert timedelta(0) <= late < timedelta(seconds=15)
            latest = max(latest, late)
            _, second = _offers_of(order, 2)
            assert second.courier_id != first.courier_id
            offers.accept(second.pk, courier=second.courier)
            couriers.pick_up(order.pk, courier=second.courier)
            couriers.deliver(order.pk, courier=second.courier)
            Courier.objects.update(timeouts=0)
        wait_for(lambda: not OutboxRow.objects.exists(), within=20, what="an empty outbox")
    for order in orders:
        ends = ["offer.made", "offer.expired", "offer.made", "courier.assigned", "order.picked_up", "order.delivered"]
        assert facts(order) == ["order.ready", *ends]
    assert_promised()
    committed = streams.committed_versions()
    assert list(streams.changes_in_kafka(committed, streams.read_stream())) == []
    fault.measures["ended after its deadline, at most"] = f"{latest.total_seconds():.1f} s"


def _offers_of(order: Order, count: int) -> list[Offer]:
    """The order's first offers, once so many were made: where nobody answers, others follow."""
    made = Offer.objects.filter(assignments__order=order).select_related("courier").order_by("made_at")
    return wait_for(lambda: list(made[:count]) if made.count() >= count else [], within=30, what=f"offer {count}")


def await_end(offer: Offer) -> None:
    wait_for(lambda: _state(offer) != "open", within=30, what="the offer's end")
    offer.refresh_from_db()


def _state(offer: Offer) -> str:
    return Offer.objects.values_list("state", flat=True).get(pk=offer.pk)


@pytest.mark.parametrize("seconds", [TEN_MINUTES, -TEN_MINUTES])
def test_those_clocks_are_wrong_indeed(seconds: float, tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    clocks.set("other", seconds)
    script = (
        "import datetime as d, time\nfrom django.utils import timezone\n"
        "print(time.time(), d.datetime.now(d.timezone.utc).timestamp(), timezone.now().timestamp())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | clocks.env, capture_output=True, text=True, check=True
    )
    here = city_now().timestamp()
    for shown in printed.stdout.split():
        assert float(shown) - here == pytest.approx(seconds, abs=30)


class Phone:
    """A courier's telephone: presses, and what the server answers."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier
        self.client = Client()
        self.client.force_login(courier.user)

    def accept(self, offer_id: uuid.UUID) -> int:
        return self.client.post(f"/api/courier/offers/{offer_id}/accept").status_code


@pytest.mark.fault(21, "two couriers are asked about one order, and accept, at the same instant")
def test_an_order_that_two_rounds_offer_to_two_couriers_is_taken_by_one(fault: Row, pair: list[Courier]) -> None:
    order = factories.accepted_order()
    first, second = (Phone(courier) for courier in pair)
    old = {phone: _refused_offer(phone, order) for phone in (first, second)}

    def ask_and_accept(phone: Phone) -> Callable[[], int]:
        def run() -> int:
            try:
                offer = offers.make(order.pk, courier_id=phone.courier.pk)
            except Exception as error:
                if not offers.is_lost_race(error):
                    raise
                offer = None
            # Who was not asked again still has the offer of before on the screen.
            return phone.accept(offer.pk if offer is not None else old[phone])

        return run

    with Duel(ask_and_accept(first), ask_and_accept(second)) as duel:
        for _ in fault.run(short=25, full=500):
            answers = duel.trial()
            assert sorted(answers) in ([200, 409],), answers
            winner = pair[answers.index(200)]
            order.refresh_from_db()
            assert order.courier_id == winner.pk
            assert Assignment.objects.get(order=order, state="active").courier == winner
            assert_promised() if fault.passed % 25 == 0 else None
            start_over(order)


@pytest.mark.fault(21, "an offer is accepted as it expires, and the next courier accepts at once")
def test_at_the_deadline_one_of_two_couriers_has_the_order(fault: Row, pair: list[Courier]) -> None:
    order = factories.accepted_order()
    first, second = (Phone(courier) for courier in pair)
    old = _refused_offer(second, order)
    asked = offer_to(first.courier, order)
    seen: Counter[int] = Counter()
    margin = 0.01

    def press() -> int:
        return first.accept(asked.pk)

    def move_on() -> int:
        """As the sweeper and the round after it do, and the other courier's thumb."""
        while _state(asked) == "open":
            if offers.expire(asked.pk):
                return second.accept(offer_to(second.courier, order).pk)
        return second.accept(old)

    with Duel(press, move_on) as duel:
        for chance in fault.run(short=25, full=500):
            Courier.objects.update(timeouts=0)
            # Towards the instant at which either may win on this machine.
            Offer.objects.filter(pk=asked.pk).update(deadline=CityAfter(Value(margin * chance.uniform(0.5, 1.5))))
            answers = duel.trial()
            assert answers in {(200, 409), (409, 200)}
            winner = pair[answers.index(200)]
            order.refresh_from_db()
            assert order.courier_id == winner.pk
            assert facts(order).count("courier.assigned") == fault.passed + 1
            seen[answers.index(200)] += 1
            margin *= 0.7 if winner == pair[0] else 1.4
            start_over(order)
            asked = offer_to(first.courier, order)
    assert len(seen) == 2, f"the trials missed the instant: {seen}"
    fault.measures["accepted in time"] = f"{seen[0]} of {seen.total()}"


def _refused_offer(phone: Phone, order: Order) -> uuid.UUID:
    """An offer of this order that the courier let run out, and still sees."""
    offer = offer_to(phone.courier, order)
    let_run_out(offer)
    offers.expire(offer.pk)
    Courier.objects.filter(pk=phone.courier.pk).update(timeouts=F("timeouts") - 1)
    return offer.pk
