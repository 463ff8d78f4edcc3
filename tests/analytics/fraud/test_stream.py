"""The group on a real Kafka: it rebuilds, it replays without acting again, and its slowness is its own."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import pytest

from analytics.fraud.apply import HOLD
from analytics.models import FraudCase, FraudProfile, OrderFact
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import get_group
from messaging.consuming.replay import replay
from messaging.envelope import Envelope
from messaging.models import OutboxRow
from tests.messaging.consuming.running import make_topics, running, wait_until_caught_up
from tests.messaging.streams import produce
from tests.waiting import wait_for

from .stories import card_testing, honest, topic_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def test_a_replay_rebuilds_the_profiles_holds_nothing_again_and_a_slow_group_delays_no_other() -> None:
    group, metrics = get_group("fraud"), get_group("metrics")
    make_topics(group)
    story = [*honest(1), *card_testing()]
    for topic in group.topics:
        produce([record for record in story if topic_of(record) == topic], topic=topic)
    with running(group):
        wait_until_caught_up(group, within=60)
        cases, holds = FraudCase.objects.count(), OutboxRow.objects.filter(type=HOLD).count()
        assert 1 <= cases == holds
        assert rebuild_and_compare(group) == []
        replay(group)
    assert set(FraudProfile.objects.values_list("generation", flat=True)) == {2}
    assert (FraudCase.objects.count(), OutboxRow.objects.filter(type=HOLD).count()) == (cases, holds)

    # given a fraud group that hangs in the middle of a batch
    entered, let_go = threading.Event(), threading.Event()

    def hang(events: Sequence[Envelope], *, generation: int) -> None:
        entered.set()
        assert let_go.wait(120)
        group.handler(events, generation=generation)

    with running(dataclasses.replace(group, handler=hang)), running(metrics):
        try:
            more = honest(77, first=7000)
            produce([record for record in more if topic_of(record) == "orders.events"])
            wait_for(entered.is_set, within=60, what="the fraud group to hang")
            # when, then: metrics has all of it meanwhile
            orders = {str(record.key) for record in more if topic_of(record) == "orders.events"}
            wait_for(
                lambda: OrderFact.objects.filter(order_id__in=orders, status="delivered").count() == len(orders),
                within=60,
                what="metrics to read on",
            )
        finally:
            let_go.set()
