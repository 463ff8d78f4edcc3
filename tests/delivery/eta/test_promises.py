"""What is learnt from events, what is promised of an order, and whether it held."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from delivery import arrivals, couriers
from delivery.eta import errors, kitchens
from delivery.eta.calibration import calibration
from delivery.eta.estimate import STAGES
from delivery.eta.promises import foresee, promise_of
from delivery.events import CourierMoved
from delivery.models import Courier, PreparationCount, PreparationOpen, Promise
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from orders import lifecycle
from orders.city import city_now, set_clock, the_city
from orders.events import OrderAccepted, OrderCancelled, OrderDelivered, OrderPaid, OrderReady
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories
from tests.delivery.conftest import taken
from tests.messaging.streams import NOON, Record

pytestmark = pytest.mark.django_db

FIRST, SECOND = (str(uuid.UUID(int=n)) for n in (1, 2))


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kitchens, "_known", {})
    monkeypatch.setattr(errors, "_known", (0.0, {}))


def read(group: str, *records: Record, start: int = 0) -> None:
    found = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        found.append(Read("orders.events", 0, offset, headers, value))
    apply_batch(get_group(group), Batch("orders.events", 0, start=start, next=start + len(found), records=found))


def fact(cls: Any, order: str, sequence: int, *, at: float, **data: Any) -> Record:
    """`at` in minutes after noon."""
    common = {"order_id": order, "restaurant_id": 7, "customer_id": 2, "zone": "centre", "by": "system"}
    return Record(order, sequence, cls(**(common | data)), time=NOON + timedelta(minutes=at))


def cooked(order: str, *, accepted: float, ready: float, said: float, first: int = 1) -> list[Record]:
    return [
        fact(OrderPaid, order, first, at=0, status="paid", payment_id="p", amount=1),
        fact(OrderAccepted, order, first + 1, at=accepted, status="accepted", ready_by=NOON + timedelta(minutes=said)),
        fact(OrderReady, order, first + 2, at=ready, status="ready"),
    ]


def counted() -> set[tuple[str, int, int, int]]:
    return set(PreparationCount.objects.values_list("kind", "hour", "bucket", "orders"))


EXPECTED = {("confirm", 12, 4, 1), ("cook", 12, 20, 1), ("late", 12, -4, 1)}


def test_each_restaurants_lengths_are_counted() -> None:
    read("preparation", *cooked(FIRST, accepted=2, ready=12, said=14))
    assert counted() == EXPECTED
    assert not PreparationOpen.objects.exists()


def test_counts_are_the_same_however_the_events_are_cut_into_batches() -> None:
    for offset, record in enumerate(cooked(FIRST, accepted=2, ready=12, said=14)):
        read("preparation", record, start=offset)
    assert counted() == EXPECTED


def test_an_order_that_ends_early_leaves_nothing_open() -> None:
    paid, accepted, _ = cooked(FIRST, accepted=2, ready=12, said=14)
    read("preparation", paid, accepted, fact(OrderCancelled, FIRST, 3, at=5, status="cancelled"))
    assert not PreparationOpen.objects.exists()
    assert {kind for kind, *_ in counted()} == {"confirm"}


def minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def slow_city() -> None:
    """A clock that does not move between two lines of a test."""
    set_clock(at=NOON, speed=1e-6)


def told(order: Order) -> Promise:
    order.refresh_from_db()
    promise = promise_of(Order.objects.select_related("restaurant", "address").get(pk=order.pk))
    assert promise is not None
    return promise


def test_a_promise_adds_what_lies_ahead_and_moves_on_with_the_order(courier: Courier) -> None:
    slow_city()
    city = the_city()
    ride = 4  # about a kilometre, in whole minutes
    order = factories.accepted_order(minutes=15)
    cooking = told(order)
    assert cooking.stage == "cooking"
    whole = 15 + city.pickup_minutes + ride + city.dropoff_minutes / 2
    assert minutes(cooking.base - cooking.made_at) == pytest.approx(whole, abs=1.1)
    assert cooking.made_at < cooking.base <= cooking.estimated <= cooking.latest_by
    # when: a courier takes it who stands at the counter: nothing changes but the stage
    taken(courier, order)
    expected = told(order)
    assert (expected.stage, expected.courier_id) == ("expected", courier.pk)
    assert minutes(expected.base - expected.made_at) == pytest.approx(whole - city.pickup_minutes / 2, abs=1.6)
    # when: it is ready, in the bag, at the door
    lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
    assert told(order).stage == "fetching"
    couriers.pick_up(order.id, courier=courier)
    coming = told(order)
    assert (coming.stage, round(minutes(coming.base - coming.made_at))) == ("coming", ride + city.dropoff_minutes / 2)
    arrivals.note([CourierMoved(courier_id=courier.pk, latitude=factories.DOOR[0], longitude=factories.DOOR[1])])
    assert told(order).stage == "at_door"
    couriers.deliver(order.id, courier=courier)
    order.refresh_from_db()
    assert promise_of(order) is None
    assert list(Promise.objects.order_by("sequence").values_list("stage", flat=True)) == [
        "cooking",
        "expected",
        "fetching",
        "coming",
        "at_door",
    ]


def test_what_was_shown_is_what_is_kept(courier: Courier) -> None:
    order = factories.accepted_order()
    shown = told(order)
    # when: the group comes later, and the page again
    read("promises", fact(OrderPaid, str(order.id), 1, at=0, status="accepted", payment_id="p", amount=1))
    assert told(order).pk == shown.pk
    assert Promise.objects.count() == 1


def test_it_is_promised_anew_once_the_kitchen_says_that_it_takes_longer() -> None:
    order = factories.accepted_order(minutes=15)
    before = told(order)
    lifecycle.delay(order.id, by=Actor("restaurant", order.restaurant.user_id), later=timedelta(minutes=10))
    after = told(order)
    assert (before.stage, after.stage) == ("cooking", "cooking")
    assert after.base - before.base == timedelta(minutes=10)
    assert told(order).pk == after.pk


def test_an_earlier_door_comes_first() -> None:
    slow_city()
    courier = factories.make_courier("c-09", capacity=2)
    first, second = factories.ready_order(), factories.ready_order()
    taken(courier, first)
    set_clock(at=NOON + timedelta(seconds=30))
    taken(courier, second)
    assert told(second).base - told(first).base >= timedelta(minutes=8)
    assert told(second).scale > told(first).scale


def test_the_group_marks_what_was_delivered_and_the_share_that_held() -> None:
    order = factories.accepted_order()
    promise = told(order)
    for late, held in ((-1, 1), (1, 0)):
        at = promise.latest_by + timedelta(seconds=late)
        Promise.objects.update(delivered_at=None)
        data = {"status": "delivered", "click_to_door_seconds": 1.0, "ready_to_pickup_seconds": 1.0}
        key = str(order.id)
        record = Record(key, 1 + (late > 0), fact(OrderDelivered, key, 1, at=0, **data).event, time=at)
        read("promises", record, start=int(late > 0))
        kept = calibration().all
        assert kept is not None
        assert (kept.promises, kept.held, kept.met) == (1, held, False)


def test_checkout_shows_two_times_for_the_door_that_is_chosen() -> None:
    restaurant, alice = factories.make_restaurant(), factories.alice()
    door = alice.addresses.get()
    times = foresee(restaurant, door)
    assert city_now() < times.estimated < times.latest_by
    client = Client()
    client.force_login(alice)
    url = reverse("delivery:promise-for", args=[restaurant.slug])
    assert 'id="promise"' in client.get(url, {"door": door.pk}).content.decode()
    assert 'id="promise"' in client.get(url, {"door": "new", "latitude": "48.2", "longitude": "16.4"}).content.decode()
    # Another's door, or none: nothing is said.
    others = factories.bob().addresses.get()
    for query in ({"door": others.pk}, {"door": "new", "latitude": "x", "longitude": "1"}, {}):
        assert 'id="promise"' not in client.get(url, query).content.decode()


def test_the_operator_sees_how_many_held() -> None:
    operator, order = factories.make_operator(), factories.accepted_order()
    client = Client()
    client.force_login(operator)
    assert "No promised order" in client.get(reverse("operator-promises")).content.decode()
    promise = told(order)
    Promise.objects.update(delivered_at=promise.estimated)
    page = client.get(reverse("operator-promises")).content.decode()
    assert "100 %" in page and STAGES["cooking"] in page and "<svg" in page
    story = client.get(reverse("operator-order-promises", args=[order.pk])).content.decode()
    assert STAGES["cooking"] in story and "yes" in story
    client.force_login(order.customer)
    assert client.get(reverse("operator-promises")).status_code == 403


def test_latest_time_follows_what_past_orders_erred_by() -> None:
    order = factories.accepted_order()
    base = told(order).base
    past: list[datetime] = [base + timedelta(minutes=n) for n in range(40)]
    Promise.objects.bulk_create(
        Promise(
            order_id=uuid.uuid4(),
            sequence=1,
            stage="cooking",
            made_at=base,
            base=base,
            scale=180.0,
            estimated=base,
            latest_by=base,
            delivered_at=at,
        )
        for at in past
    )
    errors._known = (0.0, {})
    margin = errors.margins()["cooking"]
    # Half came within 20 minutes; as hardly any was held, the rank of the latest is as high as it goes.
    assert margin.expected * 180 / 60 == pytest.approx(20, abs=1)
    assert margin.latest * 180 / 60 == pytest.approx(39, abs=1)
