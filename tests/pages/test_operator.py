"""The operator's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from analytics.models import AuditEntry
from config.operator.story import story_of
from delivery import offers
from messaging.consuming.positions import live_number
from messaging.models import OutboxRow, Span, TaskRun
from messaging.models.incident import open_incident
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def test_open_incidents_are_on_the_city_page(operator: Client) -> None:
    open_incident("undispatched", "x", "no courier took it")
    assert "no courier took it" in operator.get(reverse("operator")).content.decode()


def test_the_roads_show_the_outbox(operator: Client) -> None:
    factories.place_order()
    response = operator.get(reverse("operator-roads"))
    waiting = {lane.road: lane.waiting for lane in response.context["backlog"]}
    assert waiting == {"Kafka (event)": 1, "SQS (command)": 1}


@pytest.mark.parametrize("how", ["number", "restaurant", "customer", "status"])
def test_orders_are_found_by_what_is_at_hand(operator: Client, how: str) -> None:
    order = factories.paid_order()
    other = factories.place_order(factories.bob(), factories.make_restaurant("noodle-bar"))
    words = {"number": order.number, "restaurant": "soup k", "customer": "alice", "status": "paid"}[how]
    page = operator.get(reverse("operator-orders"), {"words": words}).content.decode()
    assert order.number in page and other.number not in page


@pytest.mark.parametrize("words", ["", "\x00", "%", "'; drop table", "x" * 500])
def test_strange_searches_are_answered(operator: Client, words: str) -> None:
    assert operator.get(reverse("operator-orders"), {"words": words}).status_code == 200


def test_a_story_tells_history_attempts_and_offers(operator: Client) -> None:
    # given
    order = factories.accepted_order()
    courier = factories.make_courier()
    offers.make(order.pk, courier_id=courier.pk)
    TaskRun.objects.create(
        task_id=order.pk, task="payments.authorise", queue="payments", key=str(order.pk), receive_count=2
    )
    # when
    response = operator.get(reverse("operator-story", args=[order.pk]))
    # then
    titles = [chapter.title for chapter in response.context["story"].chapters]
    assert titles == ["order.placed", "order.paid", "order.accepted", "offer.made", "payments.authorise"]
    page = response.content.decode()
    assert "receive count" in page and "not read by the audit group yet" in page


def test_an_operator_calls_an_order_off(operator: Client) -> None:
    order = factories.accepted_order()
    answer = operator.post(reverse("operator-cancel", args=[order.pk]), {"reason": " "}, follow=True)
    assert "say why the order is called off" in answer.content.decode()
    order.refresh_from_db()
    assert order.status != "cancelled"
    operator.post(reverse("operator-cancel", args=[order.pk]), {"reason": "storm"})
    fact = order.history.get(type="order.cancelled")
    assert (fact.actor_role, fact.reason, Order.objects.get().status) == ("operator", "storm", "cancelled")
    answer = operator.post(reverse("operator-cancel", args=[order.pk]), {"reason": "storm"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()


def test_each_step_says_which_way_it_went(operator: Client) -> None:
    # given a placed order whose fact waits in the outbox, and a command received twice
    order = factories.place_order()
    commit = order.history.get().recorded_at
    for count, outcome, after in ((1, "failed", 12), (2, "succeeded", 1500)):
        began = commit + timedelta(milliseconds=after)
        TaskRun.objects.create(
            task_id=order.pk,
            task="payments.authorise",
            queue="payments",
            key=str(order.pk),
            receive_count=count,
            outcome=outcome,
            started_at=began,
            finished_at=began + timedelta(milliseconds=34),
        )
    told = story_of(order)
    ways = [[(station.name, station.text) for station in chapter.way] for chapter in told.chapters]
    assert ways == [
        [
            ("Postgres", "version 1, history and outbox in one commit"),
            ("Outbox", "waits for Kafka"),
            ("Kafka", "not read by the audit group yet"),
        ],
        [
            ("Outbox", "owed by order.placed, in its transaction"),
            ("SQS", "queue payments, receive count 1, 12 ms after that commit"),
            ("Worker", "unknown, for this message alone"),
        ],
        [
            ("Outbox", "owed by order.placed, in its transaction"),
            ("SQS", "queue payments, receive count 2"),
            ("Worker", "unknown, for this message alone"),
        ],
    ]
    assert [chapter.failed for chapter in told.chapters] == [False, True, False]
    assert told.chapters[2].detail == "succeeded in 34 ms"
    # and once it is sent and read, where it stands and who applied it
    OutboxRow.objects.all().delete()
    fact = order.history.get()
    found = {"topic": "orders.events", "partition": 3, "offset": 41}
    AuditEntry.objects.create(
        generation=live_number("audit"),
        key=str(order.pk),
        event_id=fact.event_id,
        type=fact.type,
        time=fact.at,
        payload="{}",
        **found,
    )
    for ms in (14, 41):
        ended = commit + timedelta(milliseconds=ms)
        Span.objects.create(
            trace_id="t",
            span_id=str(ms),
            name="x",
            part="p",
            key=str(order.pk),
            facts=found,
            started_at=commit,
            ended_at=ended,
        )
    way = [(station.name, station.text) for station in story_of(order).chapters[0].way]
    assert way[1:] == [
        ("Outbox", "sent, acknowledged, deleted"),
        ("Kafka", "orders.events, partition 3, offset 41"),
        ("Read models", "2 groups applied it, 14 ms to 41 ms after the commit"),
    ]


def test_the_next_step_is_on_top_of_the_story(operator: Client) -> None:
    order = factories.accepted_order()
    page = operator.get(reverse("operator-story", args=[order.pk])).content.decode()
    assert 'href="#couriers-title"' in page and "Call it off" in page and "Give money back" not in page
    lifecycle.cancel(order.pk, by=Actor("operator"), reason="test")
    page = operator.get(reverse("operator-story", args=[order.pk])).content.decode()
    assert 'href="#couriers-title"' not in page and "Call it off" not in page


def test_a_long_story_takes_few_queries(operator: Client, django_assert_max_num_queries: Any) -> None:
    order = factories.ready_order()
    for number in range(30):
        TaskRun.objects.create(task_id=order.pk, task="notices.send", queue="notices", key=str(order.pk))
        Span.objects.create(
            trace_id=str(number), span_id="s", name="x", part="p", key=str(order.pk), started_at=Now(), ended_at=Now()
        )
    with django_assert_max_num_queries(18):
        operator.get(reverse("operator-story", args=[order.pk]))
