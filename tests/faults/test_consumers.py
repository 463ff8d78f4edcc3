"""Consumers killed, shuffled about and slowed down: each effect stays single, and no partition is left behind."""

from __future__ import annotations

import contextlib
import time

import psutil
import pytest
from django.db.models import Sum

from config.embedded.process import Child
from messaging import kafka
from messaging.consuming.group import all_groups, get_group
from messaging.consuming.lag import lag
from messaging.models import OutboxRow, StoredOffset
from messaging.names import full_group
from orders.events import TOPIC
from tests.messaging.consuming.running import caught_up
from tests.system import running
from tests.waiting import wait_for

from .facts import place, tell_many, writing
from .processes import await_ready, let_pass, run_to_death, started
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

#: Ends itself the moment after the commit of a batch that had an effect: number argv[2] of those of group argv[1].
DIES_AFTER_A_COMMIT = """
from messaging.consuming import loop
left, apply = int(sys.argv[2]), loop.apply_batch
def apply_and_die(*arguments, **options):
    global left
    applied = apply(*arguments, **options)
    if applied.events and left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= bool(applied.events)
    return applied
loop.apply_batch = apply_and_die
call_command("consume", sys.argv[1])
"""


def applied(group: str) -> int:
    found: int | None = StoredOffset.objects.filter(group=group).aggregate(events=Sum("events_applied"))["events"]
    return found or 0


def told() -> bool:
    return not OutboxRow.objects.filter(road="kafka").exists()


@pytest.mark.fault(12, "a consumer is killed after its Postgres commit, before its Kafka commit")
def test_row_12_killed_between_its_two_commits(fault: Row) -> None:
    orders = place(40)
    groups = [group.name for group in all_groups() if TOPIC in group.topics]
    with running("relay"):
        for trial, chance in enumerate(fault.run(short=2, full=50)):
            # In turn, so that Kafka's wait for a dead member (10 s) passes while another group's dies.
            group = groups[trial % len(groups)]
            tell_many(orders, facts=chance.randint(1, 20))
            wait_for(told, within=30, what="the relay to drain")
            before = applied(group)
            run_to_death(DIES_AFTER_A_COMMIT, group, str(chance.randint(0, 2)), within=90)
            assert applied(group) > before
        with running("consume"):
            assert_kept(within=90)


@pytest.mark.fault(13, "a rebalance storm: a member joins or leaves every 5 s")
def test_row_13_members_come_and_go(fault: Row) -> None:
    orders = place(40)
    pace = 5.0 if FULL else 1.5
    metrics = get_group("metrics")
    with running("relay"), contextlib.ExitStack() as stack, writing(orders, rate=100) as load:
        members: list[Child] = []
        for trial, chance in enumerate(fault.run(short=3, full=24)):
            began = time.monotonic()
            if len(members) < 2 or (len(members) < 4 and chance.random() < 0.5):
                members.append(stack.enter_context(started("consume", "metrics", name=f"member-{trial}")))
                await_ready(members[-1])
            else:
                leaving = members.pop(chance.randrange(len(members)))
                leaving.kill() if chance.random() < 0.3 else leaving.stop()
            let_pass(began + pace - time.monotonic())
        load.stop.set()
        began = time.monotonic()
        wait_for(lambda: told() and caught_up(metrics), within=30 if FULL else 60, what="lag 0 in every partition")
        fault.measures["lag 0 after"] = f"{time.monotonic() - began:.1f} s"
        assert len(lag(metrics)) == 4
        assert_kept()


#: The group metrics, taking argv[1] seconds a record; Kafka evicts who is away for argv[2] milliseconds.
SLOW = """
import functools
from messaging.consuming import group as groups
from messaging.consuming.loop import GroupLoop
from messaging.management.commands import consume
real = groups.get_group("metrics")
def slow(events, *, generation):
    time.sleep(float(sys.argv[1]) * len(events))
    real.handler(events, generation=generation)
groups._groups["metrics"] = dataclasses.replace(real, handler=slow)
consume.GroupLoop = functools.partial(GroupLoop, max_poll_interval_ms=int(sys.argv[2]))
call_command("consume", "metrics")
"""


def members(group: str) -> set[str]:
    """The ids that Kafka gave the group's present members: one that was evicted comes back under another."""
    with contextlib.closing(kafka.admin()) as admin:
        described = admin.describe_groups([full_group(group)])
    found = next(iter(described.values())) if isinstance(described, dict) else described[0]
    return {member["member_id"] for member in found["members"]}


@pytest.mark.fault(15, "a slow consumer: 200 ms a record")
def test_row_15_a_slow_consumer_keeps_its_place_and_its_size(fault: Row) -> None:
    orders = place(40)
    # The short cut is ten times quicker, and Kafka four times less patient: the proportions are the same.
    a_record, patience, period = (0.2, 20_000, 70.0) if FULL else (0.02, 5_000, 6.0)
    others = [get_group("audit"), get_group("recommendations")]
    for _ in fault.run(short=1, full=1):
        backlog = tell_many(orders, facts=500 if FULL else 100, padding=1000)
        with running("relay"):
            wait_for(told, within=60, what="the relay to drain")
        with (
            started("-c", SLOW, str(a_record), str(patience), name="slow") as slow,
            started("consume", *[group.name for group in others], name="others") as quick,
        ):
            await_ready(slow)
            await_ready(quick)
            began = time.monotonic()
            wait_for(lambda: all(map(caught_up, others)), within=60, what="the other groups to catch up")
            fault.measures["the others caught up after"] = f"{time.monotonic() - began:.1f} s"
            there = wait_for(lambda: members("metrics"), within=20, what="the slow member")
            largest, before, began = 0, applied("metrics"), time.monotonic()
            while time.monotonic() < began + period:
                largest = max(largest, psutil.Process(slow.pid).memory_info().rss)
                let_pass(0.2)
            # At about its own pace, so not the same again and again; and never evicted.
            assert applied("metrics") - before > 0.3 * period / a_record
            assert members("metrics") == there
            assert not caught_up(get_group("metrics"))
        assert largest < 300e6
        fault.measures["RSS of the slow one"] = f"{largest / 1e6:.0f} MB with {backlog * 1.4 / 1e3:.0f} MB waiting"
        with running("consume"):
            assert_kept(within=90)
