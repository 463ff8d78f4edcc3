"""What each group of this room makes of the same few orders."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from analytics import selectors
from analytics.models import AuditEntry, MinuteCount, MinuteDelivery
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.models import Generation
from orders.events import Line, OrderDelivered, OrderPaid, OrderPlaced
from tests.messaging.streams import NOON, Record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

FIRST, SECOND, THIRD = (str(uuid.UUID(int=n)) for n in (1, 2, 3))
MENU = {1: "Margherita", 2: "Tiramisù", 3: "Lemonade"}


def placed(order: str, *items: int, restaurant: int = 7, at: int = 0, names: dict[int, str] | None = None) -> Record:
    """`at` in minutes after noon."""
    lines = [Line(item_id=item, name=(names or MENU)[item], quantity=2, unit_price=900) for item in items]
    event = OrderPlaced(
        **_common(order, "placed", restaurant),
        restaurant="Trattoria",
        lines=lines,
        subtotal=1800 * len(items),
        delivery_fee=200,
        total=1800 * len(items) + 200,
        currency="EUR",
    )
    return Record(order, 1, event, time=NOON + timedelta(minutes=at))


def paid(order: str, *, at: int) -> Record:
    event = OrderPaid(**_common(order, "paid", 7), payment_id="p", amount=1)
    return Record(order, 2, event, time=NOON + timedelta(minutes=at))


def delivered(order: str, *, at: int, seconds: float) -> Record:
    event = OrderDelivered(
        **_common(order, "delivered", 7), click_to_door_seconds=seconds, ready_to_pickup_seconds=90.5
    )
    return Record(order, 3, event, time=NOON + timedelta(minutes=at))


def read(group: str, *records: Record, start: int = 0) -> None:
    found = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        found.append(Read(topic="orders.events", partition=0, offset=offset, headers=headers, value=value))
    apply_batch(get_group(group), Batch("orders.events", 0, start=start, next=start + len(found), records=found))


def _common(order: str, status: str, restaurant: int) -> dict[str, Any]:
    return {
        "order_id": order,
        "restaurant_id": restaurant,
        "customer_id": 2,
        "zone": "centre",
        "status": status,
        "by": "customer",
    }


def test_metrics_count_orders_by_status_and_minute() -> None:
    read("metrics", placed(FIRST, 1), placed(SECOND, 1, at=1), paid(FIRST, at=1), placed(THIRD, 2, at=1))
    read("metrics", paid(SECOND, at=2), delivered(FIRST, at=3, seconds=1800.25), start=4)
    read("metrics", delivered(SECOND, at=3, seconds=2000.75), start=6)

    assert selectors.orders_by_status() == {"placed": 1, "delivered": 2}
    assert [(minute.at, minute.placed, minute.delivered) for minute in selectors.minutes(last=4)] == [
        (NOON, 1, 0),
        (NOON + timedelta(minutes=1), 2, 0),
        (NOON + timedelta(minutes=2), 0, 0),
        (NOON + timedelta(minutes=3), 0, 2),
    ]
    assert selectors.click_to_door_seconds() == 1900.5
    assert selectors.click_to_door() == selectors.ClickToDoor(deliveries=2, mean=1900.5, median=1900.5)
    row = MinuteDelivery.objects.get()
    assert (row.minute, row.deliveries, row.click_to_door_ms, row.ready_to_pickup_ms) == (
        NOON + timedelta(minutes=3),
        2,
        3_801_000,
        181_000,
    )
    assert MinuteCount.objects.count() == 5


def test_milliseconds_are_rounded_as_postgresql_rounds_them() -> None:
    """`verify` folds the history in SQL: a half, or a float just under one, must not tell the two apart."""
    from django.db import connection

    from analytics.metrics.apply import milliseconds

    some = [0.0, 0.0005, 1.0005, 1.0015, 1234.5665, 2000.75, 1800.249999, 1e-06, 123456.7895]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT round(1000 * n::numeric)::bigint FROM unnest(%s::text[]) AS n", [[repr(n) for n in some]]
        )
        assert [milliseconds(n) for n in some] == [row[0] for row in cursor.fetchall()]


def test_metrics_before_any_order_are_empty() -> None:
    assert selectors.orders_by_status() == {}
    assert selectors.minutes() == []
    assert selectors.click_to_door_seconds() is None
    assert selectors.click_to_door() == selectors.ClickToDoor(deliveries=0, mean=None, median=None)


def test_the_audit_tells_an_orders_story_with_where_each_event_stands() -> None:
    first, second = placed(FIRST, 1), paid(FIRST, at=1)
    read("audit", first, placed(SECOND, 1), second)
    story = selectors.story(FIRST)
    assert [(row.sequence, row.type, row.partition, row.offset, row.actor_role) for row in story] == [
        (1, "order.placed", 0, 0, "customer"),
        (2, "order.paid", 0, 2, "customer"),
    ]
    assert story[0].payload["lines"][0]["name"] == "Margherita"
    assert story[0].time == NOON and story[0].recorded_at == NOON
    assert selectors.where_events_stand([first.event_id, second.event_id, uuid.uuid4()]) == {
        first.event_id: ("orders.events", 0, 0),
        second.event_id: ("orders.events", 0, 2),
    }


def test_the_audit_knows_a_repeat_without_a_sequence_by_its_id_and_still_takes_what_is_new() -> None:
    first, second = (Record(order, None, placed(order, 1).event) for order in (FIRST, SECOND))
    read("audit", first)
    read("audit", first, second, second, start=1)
    assert list(AuditEntry.objects.order_by("offset").values_list("event_id", "offset")) == [
        (first.event_id, 0),
        (second.event_id, 2),
    ]


def test_the_audit_keeps_fields_that_this_program_does_not_know() -> None:
    record = placed(FIRST, 1)
    record.value = record.parts()[1][:-1] + b',"carbon_grams":12}'
    read("audit", record)
    assert AuditEntry.objects.get().payload["carbon_grams"] == 12


@pytest.mark.parametrize(
    "statement", ["UPDATE analytics_auditentry SET type = 'x'", "DELETE FROM analytics_auditentry"]
)
def test_the_database_refuses_to_change_an_audit_entry(statement: str) -> None:
    from django.db import connection

    read("audit", placed(FIRST, 1))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().type == "order.placed"


def test_recommendations_count_shared_baskets() -> None:
    read("recommendations", placed(FIRST, 1, 2), placed(SECOND, 1, 2, 3), placed(THIRD, 1, restaurant=8))
    also = [(one.item_id, one.name, one.count) for one in selectors.also_ordered_with(7, [1])]
    assert also == [(2, "Tiramisù", 2), (3, "Lemonade", 1)]
    assert [one.item_id for one in selectors.also_ordered_with(7, [1, 2])] == [3]
    assert [(one.item_id, one.count) for one in selectors.also_ordered_with(7, [], limit=2)] == [(1, 2), (2, 2)]
    assert selectors.also_ordered_with(8, [1]) == []


def test_an_item_keeps_the_name_of_the_latest_order_whichever_was_read_first() -> None:
    new, old = placed(FIRST, 1, at=5, names={1: "Margherita DOP"}), placed(SECOND, 1, at=1)
    read("recommendations", new, old)
    assert selectors.also_ordered_with(7, [])[0].name == "Margherita DOP"


def test_readers_see_the_live_generation_only() -> None:
    read("metrics", placed(FIRST, 1))
    assert selectors.orders_by_status() == {"placed": 1}
    Generation.objects.filter(group="metrics").update(state="retired")
    Generation.objects.create(group="metrics", number=2, state="live")
    assert selectors.orders_by_status() == {}
