"""The orders' topic deleted and made again: it is filled from the history, and no reader skips or repeats a thing."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from kafka.errors import KafkaError

from config.verify.readmodels import rebuilds
from config.verify.settling import settle
from messaging.consuming.group import Group, all_groups, get_group
from messaging.models import DeadLetter, OutboxRow, StoredOffset
from messaging.outbox import shard_of
from orders.models import OrderHistory
from tests.messaging.streams import delete_topic, read_all
from tests.system import running
from tests.waiting import wait_for

from .facts import place, tell_many
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def refilled() -> int:
    """What `topology --republish` said that it owes again; 0 while the old topic is still being deleted."""
    out = io.StringIO()
    try:
        call_command("topology", "--republish", "orders.events", "--json", stdout=out)
    except (KafkaError, SystemExit):
        return 0
    answer = json.loads(out.getvalue())
    return int(answer["republished"]) if answer["ok"] else 0


def rebuild(groups: list[Group]) -> None:
    for group in groups:
        if "orders.events" in group.topics and group.replayable:
            call_command("replay", group.name, "--json", stdout=io.StringIO())


@pytest.mark.fault(22, "the orders' topic is deleted and made again")
def test_row_22_a_topic_lost_is_filled_again_and_replayed(fault: Row) -> None:
    orders = place(20)
    with running("relay", "consume") as system:
        for chance in fault.run(short=1, full=10):
            tell_many(orders, facts=chance.randint(5, 20))
            assert settle(within=60)
            before = set(StoredOffset.objects.exclude(incarnation="").values_list("incarnation", flat=True))

            delete_topic()
            # The readers go on, and so do the orders; a relay would tell their newest facts before the older ones.
            system["relay"].kill()
            tell_many(orders, facts=chance.randint(1, 5))
            committed = OrderHistory.objects.count()
            assert wait_for(lambda: refilled(), within=30, what="the topic to be made again") == committed
            tell_many(orders, facts=chance.randint(1, 5))
            system["relay"].spawn()

            wait_for(lambda: not OutboxRow.objects.filter(road="kafka").exists(), within=60, what="the relay")
            assert_kept(within=60)
            after = set(StoredOffset.objects.filter(topic="orders.events").values_list("incarnation", flat=True))
            assert not after & before
            # From the first fact to the last, and each once
            assert len({(event.key, event.sequence) for event in read_all()}) == OrderHistory.objects.count()
            # The models, built from nothing but the new topic, are what the history gives
            rebuild(all_groups() if FULL else [get_group("metrics")])
            assert_kept(within=60)
            assert list(rebuilds("metrics")) == []
            assert not DeadLetter.objects.exists()
    fault.measures["told again"] = f"{committed} events in the last trial"


def test_a_topic_whose_history_is_not_kept_is_refused_and_nothing_is_owed() -> None:
    place(1)
    owed = OutboxRow.objects.count()
    with pytest.raises(CommandError, match=r"the history of couriers\.events is not kept.*orders\.events"):
        call_command("topology", "--republish", "couriers.events", stdout=io.StringIO())
    with pytest.raises(CommandError, match="--check changes nothing"):
        call_command("topology", "--check", "--republish", "orders.events", stdout=io.StringIO())
    assert OutboxRow.objects.count() == owed


def test_what_is_owed_again_goes_out_in_the_order_of_each_key() -> None:
    """Also what was owed already: it is told behind those before it, under the id it always had."""
    order = place(1)[0]
    tell_many([order], facts=3)
    OutboxRow.objects.filter(sequence__lte=2).delete()
    call_command("topology", "--republish", "orders.events", stdout=io.StringIO())
    rows = OutboxRow.objects.filter(road="kafka").order_by("id")
    told = OrderHistory.objects.order_by("sequence")
    assert list(rows.values_list("sequence", "message_id", "type", "recorded_at")) == list(
        told.values_list("sequence", "event_id", "type", "recorded_at")
    )
    assert [json.loads(bytes(row.payload)) for row in rows] == [fact.payload for fact in told]
    assert {row.shard for row in rows} == {shard_of(str(order))}
