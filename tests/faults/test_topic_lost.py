"""Topics deleted and made again: they are filled from what is kept, and no reader skips or repeats a thing."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from kafka.errors import KafkaError

from analytics.compliance.selectors import charges
from config.verify.readmodels import rebuilds
from config.verify.settling import settle
from delivery import couriers
from messaging import topology
from messaging.consuming.group import Group, all_groups, get_group
from messaging.consuming.positions import live_number
from messaging.models import DeadLetter, OutboxRow, ParkedRecord, StoredOffset
from messaging.outbox import shard_of
from orders.models import OrderHistory
from orders.pricing.fares import reprice
from orders.pricing.quotes import quote_for
from tests import factories, story
from tests.messaging.consuming.running import caught_up, wait_until_caught_up
from tests.messaging.consuming.running import running as turning
from tests.messaging.streams import delete_topic, read_all
from tests.system import running
from tests.waiting import wait_for

from .facts import place, tell_many
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


#: Topics that can be filled again.
KEPT = ("orders.events", "payments.transactions", "couriers.events", "restaurants.events", "pricing.fees")
#: Times that a history says a statement later than the event did, and where in Kafka the audit found an entry.
MOVED = {"at", "shown_at", "recorded_at", "partition", "offset", "position", "hash", "signature", "count"}


def refilled(topic: str = "orders.events") -> int:
    """What `topology --republish` said that it owes again; 0 while the old topic is still being deleted."""
    out = io.StringIO()
    try:
        call_command("topology", "--republish", topic, "--json", stdout=out)
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


def models() -> dict[str, list[tuple[object, ...]]]:
    """Table → rows of each live model that is made of facts."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for group in all_groups():
        if group.replayable and set(group.topics) & set(KEPT):
            for table in group.tables:
                names = [field.attname for field in table._meta.concrete_fields if not field.primary_key]
                kept = [name for name in names if name not in MOVED | {"generation"}]
                rows = table._default_manager.filter(generation=live_number(group.name)).values_list(*kept)
                found[table.__name__] = sorted(rows, key=repr)
    return found


@pytest.mark.fault(22, "every topic with facts is deleted and made again")
def test_row_22_every_topic_of_facts_is_filled_again_and_every_model_replayed(fault: Row) -> None:
    topology.apply()
    with running("relay", "consume") as system:
        for trial, _ in enumerate(fault.run(short=1, full=10)):
            # given: a day's facts, told and read
            story.live(f"before-{trial}")
            assert settle(within=60)
            wait_for(lambda: all(map(caught_up, all_groups())), within=60, what="every group to catch up")

            # when: all topics of facts go, and the day goes on before they are filled again
            for topic in KEPT:
                delete_topic(topic)
            system["relay"].kill()
            story.live(f"after-{trial}")
            told = {topic: wait_for(partial(refilled, topic), within=30, what=topic) for topic in KEPT}
            assert min(told.values()) > 0
            system["relay"].spawn()

            # then: nobody has skipped or repeated anything
            wait_for(lambda: not OutboxRow.objects.filter(road="kafka").exists(), within=60, what="the relay")
            wait_for(lambda: all(map(caught_up, all_groups())), within=60, what="every group to catch up")
            assert_kept(within=60)
            for topic in KEPT:
                sequences: dict[str, set[int | None]] = {}
                for event in read_all(topic):
                    sequences.setdefault(event.key, set()).add(event.sequence)
                assert all(found == set(range(1, len(found) + 1)) for found in sequences.values()), topic
            # and the models, built from nothing but the new topics, are the live ones
            before = models()
            call_command("replay", "--all", "--json", stdout=io.StringIO())
            assert models() == before
            assert {one.verdict for one in charges()} == {"kept"}
            assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()
    fault.measures["told again in the last trial"] = ", ".join(f"{topic} {count}" for topic, count in told.items())


def test_a_topic_whose_history_is_not_kept_is_refused_and_nothing_is_owed() -> None:
    place(1)
    owed = OutboxRow.objects.count()
    with pytest.raises(CommandError, match=r"the history of pricing\.ticks is not kept.*orders\.events"):
        call_command("topology", "--republish", "pricing.ticks", stdout=io.StringIO())
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


def test_what_only_the_audit_keeps_goes_out_as_it_was_written_and_what_is_still_owed_behind_it() -> None:
    topology.apply()
    courier = factories.make_courier(online=False)
    for _ in range(2):
        couriers.go_online(courier.pk, latitude=48.2, longitude=16.37)
        couriers.go_offline(courier.pk)
    # given: three facts that the audit has read, and one that is still owed
    rows = list(OutboxRow.objects.filter(destination="couriers.events").order_by("pk"))
    told = [(row.sequence, row.message_id, row.type, row.time, bytes(row.payload), row.recorded_at) for row in rows]
    rows[-1].delete()
    call_command("relay", road="kafka", once=True)
    audit = get_group("audit")
    with turning(audit):
        wait_until_caught_up(audit)
    rows[-1].pk = None
    rows[-1].save(force_insert=True)

    call_command("topology", "--republish", "couriers.events", stdout=io.StringIO())

    again = OutboxRow.objects.filter(destination="couriers.events").order_by("pk")
    assert [
        (row.sequence, row.message_id, row.type, row.time, bytes(row.payload), row.recorded_at) for row in again
    ] == told


def fees_owed() -> dict[tuple[str, int | None], tuple[object, ...]]:
    rows = OutboxRow.objects.filter(destination="pricing.fees").order_by("pk")
    return {
        (row.key, row.sequence): (row.message_id, row.type, row.time, json.loads(bytes(row.payload))) for row in rows
    }


def test_fees_go_out_again_as_they_were_told(settings: Any) -> None:
    settings.SURCHARGE_BOUNDS = (0, 200)
    topology.apply()
    shop = factories.make_restaurant()
    quote_for(shop)
    reprice({"centre": 10.0})
    quote_for(shop)
    reprice({"centre": 0.0})
    told = fees_owed()
    OutboxRow.objects.filter(destination="pricing.fees").delete()

    call_command("topology", "--republish", "pricing.fees", stdout=io.StringIO())

    assert fees_owed() == told and len(told) == 4
    assert [sequence for key, sequence in fees_owed() if key == "centre"] == [1, 2]
