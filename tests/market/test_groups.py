"""The three readers on a real broker: each alone, tolerant of repeats, and built again from the stream."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from kafka.errors import KafkaError

from analytics.compliance.selectors import numbers, violations
from analytics.models import ChargeRecord, MarketBucket, MarketSpan
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.lag import lag
from messaging.consuming.positions import live_number
from messaging.consuming.replay import replay
from messaging.models import DeadLetter
from orders.models import FareStep, Pressure, Quote, ZoneFare
from orders.pricing.quotes import quote_for
from tests import factories
from tests.messaging.consuming.running import running, side_by_side, wait_until_caught_up
from tests.messaging.streams import delete_topic, make_topic, produce
from tests.orders.pricing.test_quotes import order
from tests.waiting import wait_for

from .market import a_market, ago, flat, model_of, owed, readers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace", "topics")]

TICKS = "pricing.ticks"


@pytest.fixture
def topics(namespace: str, settings: Any) -> None:
    """The readers' topics, and bounds that let fares move."""
    settings.SURCHARGE_BOUNDS = (0, 200)
    for topic in sorted({topic for group in readers() for topic in group.topics}):
        make_topic(topic)


def tell_facts() -> None:
    """Send the events that the outbox owes, as the relay would."""
    for topic, records in owed().items():
        produce(records, topic=topic)


def test_a_group_that_is_stopped_delays_no_other_and_catches_up() -> None:
    pricing, monitoring, compliance = readers()
    for stopped, others in (
        (monitoring, [pricing, compliance]),
        (pricing, [monitoring, compliance]),
        (compliance, [pricing, monitoring]),
    ):
        with side_by_side(others):
            # given: one does not run, and the market goes on
            before = sum(one.position for one in lag(stopped))
            produce(a_market(20, seed=len(stopped.name)), topic=TICKS)

            # when the others have read all of it
            for group in others:
                wait_until_caught_up(group, within=60)

            # then the stopped one has read none of it
            assert sum(one.position for one in lag(stopped)) == before
        with running(stopped):
            # and, started, it catches up by itself
            wait_until_caught_up(stopped, within=60)
    assert sum(row.ticks for row in Pressure.objects.all()) == sum(row.ticks for row in MarketBucket.objects.all()) > 0
    assert not DeadLetter.objects.exists()


def test_a_busy_zone_costs_more_and_what_was_shown_before_stays() -> None:
    pricing, _, compliance = readers()
    shop = factories.make_restaurant(delivery_fee=290)
    with side_by_side([pricing, compliance]):
        shown = quote_for(shop)
        produce(flat("centre", 8, 0, seconds=60), topic=TICKS)
        wait_for(lambda: ZoneFare.objects.filter(zone="centre", surcharge=200).exists(), within=60, what="the fare")
        assert order(shop, quote=shown.pk, total=900 + 290).delivery_fee == 290
        assert order(shop, quote=quote_for(shop).pk, total=900 + 490, key="second").delivery_fee == 490
        tell_facts()
        wait_until_caught_up(compliance, within=60)
    assert numbers() == {"kept": 2} and violations() == []
    assert ChargeRecord.objects.count() == Quote.objects.count() == 2


def test_old_ticks_that_are_caught_up_with_move_no_fare() -> None:
    (pricing, *_) = readers()
    produce(flat("centre", 8, 0, seconds=60, until=ago(minutes=10)), topic=TICKS)
    with running(pricing):
        wait_until_caught_up(pricing, within=60)
    assert Pressure.objects.exists() and not FareStep.objects.exists()


def test_ticks_whose_topic_is_lost_leave_the_live_models_and_new_ones_are_counted() -> None:
    produce(a_market(60, until=ago(seconds=10)), topic=TICKS)
    with side_by_side(readers()):
        for group in readers():
            wait_until_caught_up(group, within=60)
        before = {group.name: model_of(group, 1) for group in readers()}

        delete_topic(TICKS)
        wait_for(made_again, within=30, what="the topic to be made again")
        produce(flat("centre", 1, 1, seconds=5), topic=TICKS)

        for table, column in ((Pressure, "key"), (MarketBucket, "key"), (MarketSpan, "zone")):
            new = table._default_manager.filter(**{column: "centre"})
            wait_for(new.exists, within=60, what=f"{table.__name__} of the new topic")
    for group in readers():
        held = model_of(group, 1)
        assert all(set(rows) <= set(held[table]) for table, rows in before[group.name].items()), group.name
    assert not DeadLetter.objects.exists()


def made_again() -> bool:
    """False while the old topic is still being deleted."""
    try:
        make_topic(TICKS)
    except KafkaError:
        return False
    return True


def test_a_broken_tick_is_a_dead_letter_of_each_group_and_the_others_count() -> None:
    whole, broken = flat("centre", 1, 1, seconds=5), flat("centre", 1, 1, seconds=0.25)[0]
    broken.value = b'{"zone": "centre", "number"'
    late = flat("harbour", 1, 1, seconds=0.25, until=ago(hours=2))[0]
    late.time = timezone.now()  # a number of another hour than its record
    produce([whole[0], broken, late, *whole[1:]], topic=TICKS)
    with side_by_side(readers()):
        for group in readers():
            wait_until_caught_up(group, within=60)
    letters = DeadLetter.objects.filter(source=TICKS).values_list("group", flat=True)
    assert sorted(letters) == sorted(2 * [group.name for group in readers()])
    assert sum(row.ticks for row in Pressure.objects.all()) == len(whole)


def test_a_replay_of_each_gives_what_the_live_model_holds_and_moves_no_fare() -> None:
    fill_topics()
    steps = FareStep.objects.count()
    for group in readers():
        assert rebuild_and_compare(group) == [], group.name
        before = model_of(group, live_number(group.name))
        assert replay(group).events > 0
        assert live_number(group.name) == 2
        assert model_of(group, 2) == before
        assert rebuild_and_compare(group) == []
    assert FareStep.objects.count() == steps > 0
    out = io.StringIO()
    call_command("replay", "pricing", "--dry-run", "--json", stdout=out)
    assert '"differences": []' in out.getvalue()


def fill_topics() -> None:
    """Ticks, fares, quotes and an order, read by all three."""
    shop = factories.make_restaurant(delivery_fee=290)
    with side_by_side(readers()):
        order(shop, quote=quote_for(shop).pk, total=900 + 290)
        produce([*a_market(90, until=ago(seconds=30)), *flat("centre", 9, 0, seconds=30)], topic=TICKS)
        wait_for(FareStep.objects.exists, within=60, what="a fare")
        order(shop, quote=quote_for(shop).pk, total=900 + 290 + fare(), key="second")
        tell_facts()
        for group in readers():
            wait_until_caught_up(group, within=60)


def fare() -> int:
    return ZoneFare.objects.get(zone="centre").surcharge
