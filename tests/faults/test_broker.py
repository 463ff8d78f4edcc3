"""The broker away for a while: orders go on, and the road catches up by itself when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.kafka import Kafka
from messaging.models import OutboxRow
from tests.system import running
from tests.waiting import wait_for

from .brokers import own_broker
from .facts import place, tell_many
from .ordering import Customer, ordering
from .processes import let_pass
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

AWAY, BACKLOG = (30.0, 80_000) if FULL else (2.0, 8_000)


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with own_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def waiting() -> int:
    return OutboxRow.objects.filter(road="kafka").count()


def await_accepted(customer: Customer, count: int) -> None:
    wait_for(lambda: len(customer.accepted) >= count, within=30, what=f"{count} accepted orders")


@pytest.mark.fault(9, f"the broker is killed, or paused, for {AWAY:g} s")
def test_row_9_orders_go_on_without_a_broker(fault: Row, broker: Kafka, tmp_path: Path) -> None:
    orders = place(40)
    with running("web", "relay", "consume") as system:
        for trial, _ in enumerate(fault.run(short=2, full=4)):
            how = ("killed", "paused")[trial % 2]
            with ordering(system.url) as customer:
                wait_for(lambda: len(customer.accepted) >= 3 and waiting() < 5, within=60, what="the road to run")
                broker.kill() if how == "killed" else broker.pause()
                until, before = time.monotonic() + AWAY, len(customer.accepted)
                tell_many(orders, facts=BACKLOG // len(orders))
                let_pass(until - time.monotonic())
                await_accepted(customer, before + (int(AWAY) if FULL else 1))
                assert waiting() > BACKLOG

                broker.start() if how == "killed" else broker.resume()
                back = time.monotonic()
                owed = waiting()
                wait_for(lambda owed=owed: waiting() < owed, within=30, what="the relay to find it again")  # type: ignore[misc]
                first = time.monotonic()
                wait_for(lambda: waiting() < 20, within=90, what="the outbox to drain")
                rate = owed / (time.monotonic() - first)
            assert customer.refused == []
            assert_kept(within=90, accepted=customer.write(tmp_path / "accepted"))
            if FULL:
                assert rate >= 5000
            fault.measures[f"{how}: first event after"] = f"{first - back:.1f} s"
            fault.measures[f"{how}: drained"] = f"{rate:,.0f} events/s"
            fault.measures[f"{how}: slowest order"] = f"{customer.slowest:.2f} s"
