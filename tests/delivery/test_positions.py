"""Positions: reported without a write, folded in batches, and an arrival that is told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tokens import make_token
from delivery import couriers, positions
from delivery.events import CourierMoved
from delivery.models import Assignment, Courier
from messaging import stream, topology
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.envelope import Event
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import OrderHistory
from tests import factories
from tests.delivery.conftest import facts, in_the_bag, offer_to, taken
from tests.messaging.streams import Record, read_all
from tests.waiting import wait_for

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
COUNTER, DOOR = factories.COUNTER, factories.DOOR
#: About 500 metres from the counter, and as far from the door.
BETWEEN = (48.2045, 16.37)

Told = tuple[str, int, float, float]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Told]]:
    """What was given to the stream, instead of being sent."""
    found: list[Told] = []

    def keep(event: Event, *, key: str, at: datetime) -> None:
        assert isinstance(event, CourierMoved)
        found.append((key, event.courier_id, event.latitude, event.longitude))

    monkeypatch.setattr(positions, "emit", keep)
    yield found


def fold(*moves: tuple[Courier, tuple[float, float], int], start: int = 0) -> None:
    """Let the group read moves; each is (courier, place, seconds after NOW at which the server heard it)."""
    records = []
    for offset, (courier, place, second) in enumerate(moves, start):
        moved = CourierMoved(courier_id=courier.pk, latitude=place[0], longitude=place[1])
        record = Record(str(courier.pk), None, moved, time=NOW + timedelta(seconds=second))
        headers, value = record.parts()
        records.append(Read("couriers.positions", 0, offset, headers, value))
    batch = Batch("couriers.positions", 0, start=start, next=start + len(records), records=records)
    apply_batch(get_group("positions"), batch)


def place_of(courier: Courier) -> tuple[float, float]:
    return Courier.objects.values_list("latitude", "longitude").get(pk=courier.pk)


def post(courier: Courier, body: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {make_token(courier.user)}"}
    answer = Client().post("/api/courier/positions", body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json() if answer.content else None


@pytest.mark.django_db
def test_a_report_is_told_and_written_nowhere(courier: Courier, told: list[Told]) -> None:
    places = [{"latitude": 48.21, "longitude": 16.4}, {"latitude": 48.22, "longitude": 16.41}]
    with CaptureQueriesContext(connection) as queries:
        assert post(courier, {"positions": places}) == (204, None)
    assert told == [(str(courier.pk), courier.pk, 48.21, 16.4), (str(courier.pk), courier.pk, 48.22, 16.41)]
    assert not [query for query in queries if not query["sql"].startswith("SELECT")]
    assert place_of(courier) == COUNTER


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"positions": []},
        {"positions": [{"latitude": 48, "longitude": 16}] * (positions.MOST + 1)},
        {"positions": [{"latitude": 91, "longitude": 0}]},
        {"positions": [{"latitude": 0, "longitude": "x"}]},
        '{"positions": [{"latitude": NaN, "longitude": 0}]}',
    ],
)
def test_a_place_must_be_on_earth(courier: Courier, told: list[Told], body: Any) -> None:
    status, answer = post(courier, body)
    assert status in (400, 422) and answer["code"]
    assert told == []


@pytest.mark.django_db
def test_only_couriers_report(told: list[Told]) -> None:
    body = {"positions": [{"latitude": 48, "longitude": 16}]}
    headers = {"Authorization": f"Bearer {make_token(factories.alice())}"}
    answer = Client().post("/api/courier/positions", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")
    assert Client().post("/api/courier/positions", body, content_type="application/json").status_code == 401
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_a_report_reaches_the_topic(courier: Courier, namespace: str) -> None:
    topology.apply()
    own = stream.Stream()
    own.emit(CourierMoved(courier_id=5, latitude=1.5, longitude=2.5), key="5", at=NOW)
    wait_for(lambda: own.sent == 1, within=10, what="the record to be acknowledged")
    own.close()
    (event,) = read_all("couriers.positions")
    assert (event.key, event.sequence, event.time, event.recorded_at) == ("5", None, NOW, NOW)
    assert event.data == CourierMoved(courier_id=5, latitude=1.5, longitude=2.5)


def test_without_kafka_reports_are_dropped_and_nobody_waits(settings: Any) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS = ["127.0.0.1:1"]
    own = stream.Stream(limit=10)
    for number in range(25):
        own.emit(CourierMoved(courier_id=number, latitude=1.5, longitude=2.5), key=str(number))
    wait_for(lambda: own.dropped == 25, within=10, what="all to be dropped")
    assert own.sent == 0
    own.close()


@pytest.mark.django_db
def test_the_latest_by_receipt_is_kept_whatever_comes_last(courier: Courier, colleague: Courier) -> None:
    fold((courier, (48.1, 16.1), 1), (colleague, (48.2, 16.2), 1), (courier, (48.3, 16.3), 2))
    assert (place_of(courier), place_of(colleague)) == ((48.3, 16.3), (48.2, 16.2))
    # when: one that was overtaken on its way comes, in a batch of its own
    fold((courier, (48.1, 16.1), 1), start=3)
    assert place_of(courier) == (48.3, 16.3)


@pytest.mark.django_db
def test_a_place_from_before_the_shift_is_not_believed(courier: Courier) -> None:
    couriers.go_online(courier.pk, latitude=48.5, longitude=16.5)
    fold((courier, (48.1, 16.1), 0))
    assert place_of(courier) == (48.5, 16.5)


@pytest.mark.django_db
def test_who_is_off_shift_is_not_followed() -> None:
    courier = factories.make_courier("c-09", online=False)
    fold((courier, (48.1, 16.1), 1))
    assert place_of(courier) == COUNTER


@pytest.mark.django_db
def test_one_batch_is_one_write(courier: Courier, colleague: Courier) -> None:
    fold((courier, (48.1, 16.1), 1))  # what is asked once
    with CaptureQueriesContext(connection) as queries:
        fold(*((each, (48.1 + n / 1000, 16.1), n + 2) for n in range(50) for each in (courier, colleague)), start=1)
    assert len([query for query in queries if "UPDATE delivery_courier" in query["sql"]]) == 1
    assert len(queries) < 20


@pytest.mark.django_db
def test_arriving_at_the_counter_and_at_the_door_is_told_once_each(courier: Courier) -> None:
    order = taken(courier)
    fold((courier, BETWEEN, 1))
    assert "courier.at_restaurant" not in facts(order)
    # when: seen at the counter, twice in one batch, and again in the next
    fold((courier, COUNTER, 2), (courier, COUNTER, 3), start=1)
    fold((courier, COUNTER, 4), start=3)
    assert facts(order).count("courier.at_restaurant") == 1
    job = Assignment.objects.get(order=order)
    fact = OrderHistory.objects.get(order=order, type="courier.at_restaurant")
    assert job.at_restaurant_at == fact.at and job.at_customer_at is None
    assert (fact.payload["courier_id"], fact.payload["status"], fact.actor_role) == (courier.pk, "accepted", "system")
    # when: with the order in the bag they pass the counter's fence, then come to the door
    lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
    couriers.pick_up(order.id, courier=courier)
    later = int((datetime.now(UTC) - NOW).total_seconds()) + 60
    fold((courier, COUNTER, later), (courier, BETWEEN, later + 1), start=4)
    assert "courier.at_customer" not in facts(order)
    fold((courier, DOOR, later + 2), (courier, DOOR, later + 3), start=6)
    assert facts(order)[-1] == "courier.at_customer"
    assert facts(order).count("courier.at_customer") == facts(order).count("courier.at_restaurant") == 1


@pytest.mark.django_db
def test_a_batch_that_comes_again_tells_nothing_new(courier: Courier) -> None:
    order = taken(courier)
    fold((courier, COUNTER, 1))
    before = OrderHistory.objects.filter(order=order).count()
    fold((courier, COUNTER, 1))
    assert OrderHistory.objects.filter(order=order).count() == before


@pytest.mark.django_db
def test_another_couriers_place_is_no_arrival(courier: Courier, colleague: Courier) -> None:
    order = in_the_bag(courier)
    fold((colleague, DOOR, 1), (colleague, COUNTER, 2))
    assert not {"courier.at_customer", "courier.at_restaurant"} & set(facts(order))


@pytest.mark.django_db
def test_an_offered_order_has_nobody_who_arrives(courier: Courier) -> None:
    order = factories.accepted_order()
    offer_to(courier, order)
    fold((courier, COUNTER, 1))
    assert facts(order) == ["offer.made"]


@pytest.mark.django_db
def test_an_order_that_ended_meanwhile_is_left_alone(courier: Courier) -> None:
    order = taken(courier)
    lifecycle.cancel(order.id, by=Actor("operator"), reason="test")
    fold((courier, COUNTER, 1))
    assert "courier.at_restaurant" not in facts(order)
