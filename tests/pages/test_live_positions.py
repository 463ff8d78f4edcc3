"""A courier's position goes to the customer whose order they bring, while they bring it, and to nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from accounts.models import Role
from accounts.tokens import make_token
from config.live.escorts import Escort, Escorts, told_by
from config.live.ingest import PATH
from config.live.radio import BACKLOG, Radio, Seat, Sighting
from config.live.viewers import Viewer
from delivery import couriers, offers
from delivery.events import CourierAssigned, CourierAtRestaurant, CourierMoved, CourierReleased, OfferMade
from delivery.models import Courier
from messaging import topology
from messaging.envelope import Envelope
from orders import lifecycle
from orders.events import OrderDelivered, OrderEvent
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories
from tests.delivery.conftest import offer_to
from tests.pages.test_live import Listener
from tests.system import System, running

NOW = datetime.now(UTC)


def heard(data: Any, *, key: str, sequence: int | None) -> Envelope:
    return Envelope(id=uuid.uuid4(), type=data.type, key=key, sequence=sequence, time=NOW, recorded_at=NOW, data=data)


def fact(cls: type[OrderEvent], *, sequence: int, courier: int | None = 5, status: str = "accepted") -> Envelope:
    extra: dict[str, Any] = {}
    if cls in (CourierAssigned, OfferMade):
        extra["offer_id"] = "o"
    if cls is OfferMade:
        extra |= {"deadline": NOW, "attempt": 1}
    if cls is OrderDelivered:
        extra = {"click_to_door_seconds": 1.0, "ready_to_pickup_seconds": 1.0}
    data = cls(
        order_id="a",
        restaurant_id=1,
        customer_id=1,
        zone="z",
        by="system",
        status=status,
        courier_id=courier,
        **extra,
    )
    return heard(data, key="a", sequence=sequence)


def moved(courier: int) -> Envelope:
    return heard(CourierMoved(courier_id=courier, latitude=48.2, longitude=16.3), key=str(courier), sequence=None)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_sees_a_position_by_role_alone(role: Role) -> None:
    assert not Viewer(role, 5).may_see(moved(5))


@pytest.mark.parametrize(
    ("event", "courier"),
    [
        (fact(CourierAssigned, sequence=4), Escort("a", 4, 5)),
        (fact(CourierReleased, sequence=4), Escort("a", 4, None)),
        (fact(OrderDelivered, sequence=4, status="delivered"), Escort("a", 4, None)),
        # An offer names who is asked, who may never come.
        (fact(OfferMade, sequence=4), None),
        (fact(CourierAtRestaurant, sequence=4), None),
    ],
)
def test_what_an_event_says_of_the_courier(event: Envelope, courier: Escort | None) -> None:
    assert told_by(event) == courier


def test_an_older_word_never_brings_a_courier_back() -> None:
    escorts = Escorts()
    escorts.hear(fact(CourierAssigned, sequence=4))
    assert escorts.orders_with(5) == ["a"]
    escorts.hear(fact(CourierReleased, sequence=6))
    # when: the database's answer, asked before, and a repeat come late
    escorts.learn([Escort("a", 5, 5)], epoch=escorts.epoch)
    escorts.hear(fact(CourierAssigned, sequence=4))
    assert escorts.couriers() == set()


def test_an_answer_from_before_a_silence_is_dropped() -> None:
    escorts = Escorts()
    asked_at = escorts.epoch
    escorts.forget()
    escorts.learn([Escort("a", 5, 5)], epoch=asked_at)
    assert escorts.couriers() == set()


def test_positions_give_way_to_facts() -> None:
    async def crowd() -> list[Any]:
        seat = Seat(Viewer(Role.CUSTOMER, 1), asyncio.get_running_loop())
        for _ in range(BACKLOG * 2):
            seat.put(Sighting("a", moved(5)))
        seat.put(fact(CourierReleased, sequence=9))
        items = []
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.05):
                    items.append(await seat.next())
        return items

    items = asyncio.run(crowd())
    assert "refresh" not in items
    assert isinstance(items[-1], Envelope) and items[-1].type == "courier.released"


def test_only_watched_couriers_are_looked_at_and_nobody_once_silence_is_announced() -> None:
    async def watch() -> None:
        radio = Radio()
        hers = Seat(Viewer(Role.CUSTOMER, 1), asyncio.get_running_loop())
        his = Seat(Viewer(Role.CUSTOMER, 2), asyncio.get_running_loop())
        radio._seats |= {hers, his}
        assert not radio.is_watched("5")
        radio.broadcast(fact(CourierAssigned, sequence=4))
        assert radio.is_watched("5") and not radio.is_watched("6")
        radio.broadcast(moved(5))
        radio.broadcast(moved(6))
        await asyncio.sleep(0)
        assert [type(await hers.next()).__name__ for _ in range(2)] == ["Envelope", "Sighting"]
        assert hers._queue.empty() and his._queue.empty()
        radio.announce("hello")
        assert not radio.is_watched("5")
        radio.broadcast(moved(5))
        await asyncio.sleep(0)
        assert [await hers.next(), hers._queue.empty()] == ["hello", True]

    asyncio.run(watch())


def brought(customer: str, courier: str) -> tuple[Order, Courier]:
    """A customer's order in the bag of a courier."""
    rider = factories.make_courier(courier)
    order = factories.accepted_order(factories.make_customer(customer))
    offers.accept(offer_to(rider, order).id, courier=rider)
    lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
    couriers.pick_up(order.id, courier=rider)
    return order, rider


@contextlib.contextmanager
def listening(system: System, token: str) -> Iterator[Listener]:
    with httpx.stream("GET", f"{system.url}/live/", headers=bearer(token), timeout=15) as answer:
        yield Listener(answer.iter_lines())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def report(system: System, courier: Courier, latitude: float) -> float:
    """Report a place over HTTP; the wall time before."""
    began = time.time()
    body = {"positions": [{"latitude": latitude, "longitude": 16.3}]}
    answer = httpx.post(f"{system.url}{PATH}", json=body, headers=bearer(make_token(courier.user)))
    assert (answer.status_code, answer.content) == (204, b"")
    return began


@pytest.mark.django_db(transaction=True)
def test_each_customer_sees_their_own_courier_and_only_until_the_door(namespace: str) -> None:
    # given: two customers, each with an order on its way, and both at their trackers
    topology.apply()
    hers, her_courier = brought("alice", "c-01")
    his, his_courier = brought("bob", "c-02")
    with running("web", "relay") as system, contextlib.ExitStack() as pages:
        alice = pages.enter_context(listening(system, make_token(hers.customer)))
        # The first page's second hello says that Kafka is being read; who comes later hears only their own.
        assert alice.next(name="hello") and alice.next(name="hello")
        bob = pages.enter_context(listening(system, make_token(his.customer)))
        operator = pages.enter_context(listening(system, make_token(factories.make_operator())))
        for page in (bob, operator):
            assert page.next(name="hello")

        # when: both couriers report
        began = report(system, her_courier, 48.2011)
        report(system, his_courier, 48.2022)
        # then: each hears of their own, in under a second
        seen = json.loads(alice.next(name="position")["data"])
        assert time.time() - began < 1
        assert (seen["order"], seen["latitude"], seen["longitude"]) == (str(hers.id), 48.2011, 16.3)
        assert json.loads(bob.next(name="position")["data"])["latitude"] == 48.2022

        # when: hers is at its door, and her courier goes on; his reports once more
        couriers.deliver(hers.id, courier=her_courier)
        assert json.loads(alice.next(name="order")["data"])["status"] == "delivered"
        report(system, her_courier, 48.2033)
        report(system, his_courier, 48.2044)
        assert json.loads(bob.next(name="position")["data"])["latitude"] == 48.2044
        lifecycle.cancel(factories.place_order(hers.customer).id, by=Actor("customer"), reason="a last event")
        # then: of where her courier went she hears nothing, and the operator heard of nobody
        assert alice.next()["event"] == "order"
        told = [operator.next()["event"] for _ in range(3)]
        assert "position" not in told


@pytest.mark.django_db(transaction=True)
def test_what_the_short_way_does_not_take_django_answers(namespace: str) -> None:
    topology.apply()
    courier, alice = factories.make_courier("c-01"), factories.alice()
    good: dict[str, Any] = {"positions": [{"latitude": 48, "longitude": 16}]}
    bad: dict[str, Any] = {"positions": [{"latitude": 480, "longitude": 16}]}
    with running("web") as system:

        def code(body: Any, token: str) -> tuple[int, str]:
            answer = httpx.post(f"{system.url}{PATH}", json=body, headers=bearer(token))
            return answer.status_code, answer.json()["code"]

        assert code(good, make_token(alice)) == (403, "wrong_role")
        # Without a good token it counts as a browser's, whose form key is missing.
        assert code(good, "nonsense") == (403, "forbidden")
        assert code(bad, make_token(courier.user)) == (422, "invalid")
        assert code({"positions": good["positions"] * 2000}, make_token(courier.user)) == (422, "invalid")
        assert httpx.get(f"{system.url}{PATH}", headers=bearer(make_token(courier.user))).status_code == 405
