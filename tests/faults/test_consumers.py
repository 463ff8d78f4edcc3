"""Consumers killed, shuffled about and slowed down: each effect stays single, and no partition is left behind."""

from __future__ import annotations

import contextlib
import time
from functools import partial

import psutil
import pytest
from django.db.models import Sum

from config.embedded.process import Child
from config.verify.readmodels import rebuilds
from messaging import kafka
from messaging.consuming.group import all_groups, get_group
from messaging.consuming.lag import lag
from messaging.models import OutboxRow, StoredOffset
from messaging.names import full_group
from orders.events import TOPIC
from tests.market.market import a_market
from tests.messaging.consuming.running import caught_up
from tests.messaging.streams import produce
from tests.system import running
from tests.waiting import wait_for

from .facts import place, tell_many, ticking, writing
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


TICKS = "pricing.ticks"


def applied(group: str, topic: str = "") -> int:
    """Events that the group has applied, of one topic or of all of its."""
    offsets = StoredOffset.objects.filter(group=group, **({"topic": topic} if topic else {}))
    found: int | None = offsets.aggregate(events=Sum("events_applied"))["events"]
    return found or 0


def assert_models_are_the_streams() -> None:
    """Each read model, the market's too, is what its topics give from their start: every effect once."""
    for group in all_groups():
        if group.replayable:
            assert list(rebuilds(group.name)) == [], group.name


def told() -> bool:
    return not OutboxRow.objects.filter(road="kafka").exists()


@pytest.mark.fault(12, "a consumer is killed after its Postgres commit, before its Kafka commit")
def test_row_12_killed_between_its_two_commits(fault: Row) -> None:
    orders = place(40)
    # In the short cut the first of them: of each kind one that counts facts, ticks, or both.
    groups = ["compliance", "pricing", "dashboard"]
    read = {TOPIC, TICKS}
    groups += [group.name for group in all_groups() if read & set(group.topics) and group.name not in groups]
    with running("relay"):
        for trial, chance in enumerate(fault.run(short=3, full=50)):
            # In turn, so that Kafka's wait for a dead member (10 s) passes while another group's dies.
            group = groups[trial % len(groups)]
            tell_many(orders, facts=chance.randint(1, 20))
            produce(a_market(60, seed=trial), topic=TICKS)
            wait_for(told, within=30, what="the relay to drain")
            before = applied(group)
            run_to_death(DIES_AFTER_A_COMMIT, group, str(chance.randint(0, 2)), within=90)
            assert applied(group) > before
        with running("consume"):
            assert_kept(within=90)
            wait_for(lambda: all(map(caught_up, all_groups())), within=60, what="every group to catch up")
        assert_models_are_the_streams()


@pytest.mark.fault(13, "a rebalance storm: a member joins or leaves every 5 s")
def test_row_13_members_come_and_go(fault: Row) -> None:
    orders = place(40)
    pace = 5.0 if FULL else 1.5
    groups = [get_group(name) for name in ("metrics", "dashboard", "compliance", "monitoring", "pricing")]
    names = [group.name for group in groups]
    with running("relay"), contextlib.ExitStack() as stack, writing(orders, rate=100) as load, ticking() as market:
        members: list[Child] = []
        for trial, chance in enumerate(fault.run(short=3, full=24)):
            began = time.monotonic()
            if len(members) < 2 or (len(members) < 4 and chance.random() < 0.5):
                members.append(stack.enter_context(started("consume", *names, name=f"member-{trial}")))
                await_ready(members[-1])
            else:
                leaving = members.pop(chance.randrange(len(members)))
                leaving.kill() if chance.random() < 0.3 else leaving.stop()
            let_pass(began + pace - time.monotonic())
        load.stop.set()
        market.set()
        began = time.monotonic()
        within = 30 if FULL else 60
        wait_for(lambda: told() and all(map(caught_up, groups)), within=within, what="lag 0 in every partition")
        fault.measures["lag 0 after"] = f"{time.monotonic() - began:.1f} s"
        assert [len(lag(group)) for group in groups] == [4, 6, 12, 2, 2]
        assert_kept()
    for group in groups:
        assert list(rebuilds(group.name)) == [], group.name


#: The groups argv[3] and on, taking argv[1] seconds a record; Kafka evicts who is away for argv[2] milliseconds.
SLOW = """
import functools
from messaging.consuming import group as groups
from messaging.consuming.loop import GroupLoop
from messaging.management.commands import consume
names = sys.argv[3:]
def slow(handler, events, *, generation):
    time.sleep(float(sys.argv[1]) * len(events))
    handler(events, generation=generation)
for name in names:
    real = groups.get_group(name)
    groups._groups[name] = dataclasses.replace(real, handler=functools.partial(slow, real.handler))
consume.GroupLoop = functools.partial(GroupLoop, max_poll_interval_ms=int(sys.argv[2]))
call_command("consume", *names)
"""
#: One reads orders' facts, the other the market's ticks, too.
SLOW_GROUPS = {"metrics": TOPIC, "compliance": TICKS}


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
    others = [get_group(name) for name in ("audit", "recommendations", "dashboard", "pricing", "monitoring")]
    for _ in fault.run(short=1, full=1):
        backlog = tell_many(orders, facts=500 if FULL else 100, padding=1000)
        produce(a_market(240), topic=TICKS)
        with running("relay"):
            wait_for(told, within=60, what="the relay to drain")
        with (
            started("-c", SLOW, str(a_record), str(patience), *SLOW_GROUPS, name="slow") as slow,
            started("consume", *[group.name for group in others], name="others") as quick,
        ):
            await_ready(slow)
            await_ready(quick)
            began = time.monotonic()
            wait_for(lambda: all(map(caught_up, others)), within=60, what="the other groups to catch up")
            fault.measures["the others caught up after"] = f"{time.monotonic() - began:.1f} s"
            there = {name: wait_for(partial(members, name), within=20, what="the slow one") for name in SLOW_GROUPS}
            largest, began = 0, time.monotonic()
            before = {name: applied(name, topic) for name, topic in SLOW_GROUPS.items()}
            while time.monotonic() < began + period:
                largest = max(largest, psutil.Process(slow.pid).memory_info().rss)
                let_pass(0.2)
            for name, topic in SLOW_GROUPS.items():
                # At about its own pace, so not the same again and again; and never evicted.
                assert applied(name, topic) - before[name] > 0.3 * period / a_record, name
                assert members(name) == there[name]
                assert not caught_up(get_group(name))
        assert largest < 300e6
        fault.measures["RSS of two slow ones"] = f"{largest / 1e6:.0f} MB with {backlog * 1.4 / 1e3:.0f} MB waiting"
        with running("consume"):
            assert_kept(within=90)
            wait_for(lambda: all(map(caught_up, all_groups())), within=60, what="every group to catch up")
        assert_models_are_the_streams()
