"""Browsing is counted for those who agreed, and for nobody else."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

import messaging.stream
from analytics.behaviour import receiving
from analytics.behaviour.events import BrowsingEvent, MenuSeen, PutIn, Searched, TakenOut
from analytics.behaviour.selectors import Funnel, funnel
from analytics.models import BrowsingHour, OrderHour
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.compare import compare_table
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.models import Generation
from messaging.stream import Stream
from tests import factories
from tests.analytics.test_dashboard import Told
from tests.messaging.streams import NOON, Record, make_topic, read_all
from tests.pages.conftest import sign_in
from tests.waiting import wait_for

VISITOR = "0123456789abcdef0123456789abcdef"
REPORT = {
    "visitor": VISITOR,
    "events": [
        {"type": "searched", "found": 3, "zone": "centre"},
        {"type": "menu_seen", "restaurant": 7, "zone": "centre"},
        {"type": "put_in", "restaurant": 7, "zone": "centre", "item": 4, "quantity": 2},
        {"type": "taken_out", "restaurant": 7, "zone": "centre", "item": 4},
    ],
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[BrowsingEvent]:
    """What would go to Kafka, without a broker."""
    found: list[BrowsingEvent] = []
    monkeypatch.setattr(messaging.stream, "emit", lambda event, *, key: found.append(event))
    return found


def report(client: Client, body: Any = REPORT, **headers: str) -> int:
    text = body if isinstance(body, bytes) else json.dumps(body)
    answer = client.post(reverse("analytics:browsing"), text, content_type="application/json", headers=headers)
    return answer.status_code


def agree(client: Client, choice: str = "yes") -> None:
    answer = client.post(reverse("analytics:consent"), {"choice": choice, "next": "/basket/"})
    assert (answer.status_code, answer["Location"]) == (302, "/basket/")


@pytest.mark.django_db
def test_nothing_is_sent_before_a_choice_after_a_no_or_against_the_browsers_word(sent: list[BrowsingEvent]) -> None:
    stranger, refuser, agreed = Client(), Client(), Client()
    agree(refuser, "no")
    agree(agreed)
    assert report(stranger) == report(refuser) == 204
    assert report(agreed, DNT="1") == 204
    assert report(agreed, **{"Sec-GPC": "1"}) == 204
    assert report(agreed, **{"Sec-Fetch-Site": "cross-site"}) == 204
    # Who works here is no visitor.
    courier = sign_in(factories.make_courier().user)
    agree(courier)
    assert report(courier) == 204
    assert sent == []

    assert report(agreed) == 204
    assert sent == [
        Searched(visitor=VISITOR, found=3, zone="centre"),
        MenuSeen(visitor=VISITOR, restaurant_id=7, zone="centre"),
        PutIn(visitor=VISITOR, restaurant_id=7, zone="centre", item_id=4, quantity=2),
        TakenOut(visitor=VISITOR, restaurant_id=7, zone="centre", item_id=4),
    ]

    # A changed mind counts from the next report on.
    agree(agreed, "no")
    assert report(agreed) == 204 and len(sent) == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff",
        b"{}",
        {"visitor": "alice@example.org", "events": []},
        {"visitor": VISITOR, "events": [{"type": "bought"}]},
        {"visitor": VISITOR, "events": [{"type": "menu_seen", "restaurant": 0}]},
        {"visitor": VISITOR, "events": [{"type": "menu_seen", "restaurant": 7, "zone": "Alice Smith"}]},
        {"visitor": VISITOR, "events": [{"type": "searched", "found": 1}] * 51},
    ],
)
def test_what_is_no_report_is_refused_whole(sent: list[BrowsingEvent], body: Any) -> None:
    client = Client()
    agree(client)
    assert report(client, body) == 400
    assert sent == []


@pytest.mark.django_db
def test_pages_ask_once_load_no_script_without_consent_and_offer_to_change() -> None:
    visitor = Client()
    page = visitor.get("/basket/").content.decode()
    assert "May we count what you browse?" in page and "browsing.js" not in page
    assert "May we count" not in visitor.get("/basket/", headers={"Sec-GPC": "1"}).content.decode()
    agree(visitor)
    page = visitor.get("/basket/").content.decode()
    assert "browsing.js" in page and "Stop counting" in page and "May we count" not in page
    assert "browsing.js" not in visitor.get("/basket/", headers={"DNT": "1"}).content.decode()
    agree(visitor, "no")
    page = visitor.get("/basket/").content.decode()
    assert "browsing.js" not in page and "Count me after all" in page


@pytest.mark.django_db
def test_a_choice_leads_nowhere_else() -> None:
    answer = Client().post(reverse("analytics:consent"), {"choice": "yes", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def browsed(visitor: str, event: type[BrowsingEvent], at: float, **fields: Any) -> Record:
    fields = {"restaurant_id": 7, "zone": "centre", **fields} if event is not Searched else fields
    return Record(visitor, None, event(visitor=visitor, **fields), time=NOON + timedelta(minutes=at))


def read(records: list[Record], topic: str, *, generation: int | None = None) -> None:
    found = []
    for offset, record in enumerate(records):
        headers, value = record.parts()
        found.append(Read(topic=topic, partition=0, offset=offset, headers=headers, value=value))
    batch = Batch(topic, 0, start=0, next=len(found), records=found)
    apply_batch(get_group("behaviour"), batch, generation=generation)


@pytest.mark.django_db
def test_the_funnel_counts_a_visitor_once_an_hour_and_restaurant(namespace: str) -> None:
    browsing = [
        browsed("a", Searched, 1, found=3),
        browsed("a", MenuSeen, 1),
        browsed("a", MenuSeen, 2),
        browsed("a", PutIn, 3, item_id=1),
        browsed("a", TakenOut, 3, item_id=1),
        browsed("b", MenuSeen, 4),
        browsed("b", MenuSeen, 4, restaurant_id=8, zone="harbour"),
        browsed("b", MenuSeen, 61),
    ]
    told = Told()
    told.placed(1, 5)
    told.placed(2, 6, restaurant_id=8, zone="harbour")
    told.delivered(1, 40, minutes=35)
    read(browsing, "behaviour.events")
    read(told.records, "orders.events")

    def between(hours: int, **place: Any) -> Funnel:
        return funnel(NOON, NOON + timedelta(hours=hours), **place)

    assert between(1) == Funnel(searched=1, menu_seen=3, put_in=1, placed=2, delivered=1)
    assert between(2).menu_seen == 4
    assert between(1, zone="harbour") == Funnel(searched=1, menu_seen=1, put_in=0, placed=1, delivered=0)
    assert between(1, restaurant=7) == Funnel(searched=1, menu_seen=2, put_in=1, placed=1, delivered=1)
    row = BrowsingHour.objects.get(hour=NOON, visitor="a", restaurant_id=7)
    assert (row.menus, row.put_in, row.taken_out, row.searches) == (2, 1, 1, 0)

    # Read again from the start into another generation, the same rows come out.
    Generation.objects.create(group="behaviour", number=9, state=Generation.State.BUILDING)
    read(browsing, "behaviour.events", generation=0)
    read(told.records, "orders.events", generation=0)
    group = get_group("behaviour")
    assert [difference for table in group.tables for difference in compare_table(group, table, 1)] == []
    assert OrderHour.objects.filter(generation=0).count() == 2


@pytest.mark.django_db
def test_a_report_reaches_its_topic_in_order(namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topic("behaviour.events")
    stream = Stream()
    monkeypatch.setattr(receiving, "stream", stream)
    client = Client()
    agree(client)
    assert report(client) == 204
    wait_for(lambda: stream.sent == 4, within=30, what="four events sent")
    stream.close()
    found = read_all("behaviour.events")
    assert [event.type for event in found] == [f"browsing.{one['type']}" for one in REPORT["events"]]  # type: ignore[index]
    assert {event.key for event in found} == {VISITOR}
    assert all(
        event.sequence is None and abs(event.time - datetime.now(event.time.tzinfo)) < timedelta(minutes=5)
        for event in found
    )
    assert uuid.UUID(str(found[0].id))
