"""What needs a hand first: one list, in the order in which somebody should look, with what to do beside each."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.dashboard.now import ATTENTION, GIVEN_UP
from analytics.dashboard.scope import CITY, Scope
from config.operator.hands import AT_RISK, LATE, ORDERS, hands
from messaging.models import DeadLetter, Incident
from messaging.models.incident import open_incident
from orders.city import city_now
from orders.events import OrderAccepted, OrderReady, OrderUndeliverable
from tests import factories
from tests.analytics.test_dashboard import Told, read
from tests.messaging.streams import NOON

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


@pytest.fixture
def town() -> None:
    """Orders by number: 1 nobody brings, 2 is open for very long, 4 waits for the restaurant's word, 5 was given up, 3
    and 6 go as they should.
    """
    now = (city_now() - NOON).total_seconds() / 60
    told = Told()
    for order, ago in ((1, 20), (2, 90), (3, 50), (4, 9), (5, 130), (6, 3)):
        told.placed(order, now - ago)
    ready = city_now() - timedelta(minutes=5)
    told.fact(1, OrderAccepted, now - 19, "accepted", ready_by=ready)
    told.fact(1, OrderReady, now - 5, "ready")
    for order in (2, 3):
        told.fact(order, OrderAccepted, now - 40, "accepted", ready_by=city_now() + timedelta(hours=2))
    told.fact(5, OrderUndeliverable, now - 1, "undeliverable", reason="no courier")
    read(told.records)


@pytest.mark.usefixtures("town")
def test_the_most_pressing_comes_first() -> None:
    # given incidents and decisions beside the orders
    open_incident("outbox_age", "kafka", "12 messages wait")
    open_incident("set_aside", "centre", "left out")
    open_incident("consumer_lag", "metrics", "behind")
    Incident.objects.filter(kind="consumer_lag").update(acknowledged_at=city_now(), acknowledged_by=1)
    DeadLetter.objects.create(road="sqs", source="alerts", message_id="m")
    # when
    count, found = hands(city_now(), CITY)
    # then
    assert [hand.why for hand in found] == [
        "incident",
        "no courier yet",
        "could not be delivered",
        "incident",
        "open for very long",
        "without an answer",
        "incident, taken up",
        "dead letters",
    ]
    assert count == 8 and [hand.rank for hand in found] == sorted(hand.rank for hand in found)
    assert found[1].action_url == reverse("operator-story", args=[uuid.UUID(int=1)]) + "#couriers-title"
    assert found[7].what == "1 message that nobody could handle"
    # Only what nobody has taken up can be taken up.
    assert [hand.incident is not None for hand in found if hand.why.startswith("incident")] == [True, True, False]


@pytest.mark.usefixtures("town")
def test_an_incident_of_a_listed_order_is_told_with_it() -> None:
    open_incident("undispatched", str(uuid.UUID(int=1)), "no courier, 10 min after it was due")
    count, found = hands(city_now(), CITY)
    [hand] = [hand for hand in found if hand.why == "no courier yet"]
    assert "10 min after it was due" in hand.detail and hand.incident == Incident.objects.get().pk
    assert count == 4 and all(other.why != "incident" for other in found)


@pytest.mark.usefixtures("town")
def test_a_zone_has_its_own_orders_and_no_piles_of_the_city() -> None:
    DeadLetter.objects.create(road="sqs", source="alerts", message_id="m")
    open_incident("outbox_age", "kafka", "12 messages wait")
    assert hands(city_now(), Scope(zone="harbour")) == (0, [])
    # Its own incidents are its.
    open_incident("set_aside", "harbour", "left out")
    assert [hand.why for hand in hands(city_now(), Scope(zone="harbour"))[1]] == ["incident"]


def test_every_reason_has_an_answer() -> None:
    """One that the list does not know would break the front page."""
    assert set(ORDERS) == {*ATTENTION, GIVEN_UP, LATE, AT_RISK}


def test_nothing_to_do_is_said(operator: Client) -> None:
    assert "Nothing needs a hand" in operator.get(reverse("operator")).content.decode()


@pytest.mark.usefixtures("town")
def test_the_front_page_has_each_with_its_button(operator: Client, django_assert_max_num_queries: Any) -> None:
    open_incident("outbox_age", "kafka", "12 messages wait")
    with django_assert_max_num_queries(45):
        page = operator.get(reverse("operator")).content.decode()
    assert "Needs a hand: 5" in page and 'aria-label="Find a courier: Trattoria"' in page
    incident = Incident.objects.get()
    assert reverse("operator-incident-handle", args=[incident.pk, "acknowledge"]) in page
    assert operator.post(reverse("operator-incident-handle", args=[incident.pk, "acknowledge"])).status_code == 302
    page = operator.get(reverse("operator")).content.decode()
    assert "incident, taken up" in page and "Take it up" not in page
