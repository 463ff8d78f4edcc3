"""The operator's pages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import offers
from messaging.models import TaskRun
from messaging.models.incident import open_incident
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
    operator.post(reverse("operator-cancel", args=[order.pk]), {"reason": "storm"})
    fact = order.history.get(type="order.cancelled")
    assert (fact.actor_role, fact.reason, Order.objects.get().status) == ("operator", "storm", "cancelled")
    answer = operator.post(reverse("operator-cancel", args=[order.pk]), follow=True)
    assert "Nothing was changed" in answer.content.decode()
