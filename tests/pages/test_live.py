"""GET /live/: each hears what concerns them, at once, and nobody holds a database connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from accounts.tokens import make_token
from config.live.radio import BACKLOG, Seat
from config.live.viewers import Viewer
from messaging import kafka, topology
from messaging.envelope import Envelope, encode_data, encode_headers
from messaging.names import full_topic
from orders import events
from orders.payments.events import PaymentVoided
from tests import factories
from tests.system import System, running


def paid(
    *, customer: int = 1, restaurant: int = 2, courier: int | None = None, cls: type = events.OrderPaid
) -> Envelope:
    ids = {"order_id": str(uuid.uuid4()), "restaurant_id": restaurant, "customer_id": customer}
    extra = {"payment_id": "p", "amount": 1} if cls is events.OrderPaid else {"code": "card_declined"}
    event = cls(zone="centre", status="paid", by="system", courier_id=courier, **ids, **extra)
    now = datetime.now(UTC)
    return Envelope(
        id=uuid.uuid4(),
        type=event.type,
        key=event.order_id,
        sequence=2,
        time=now,
        recorded_at=now,
        data=event,
        topic="orders.events",
    )


@pytest.mark.parametrize(
    ("viewer", "hears"),
    [
        (Viewer(Role.CUSTOMER, 1), True),
        (Viewer(Role.CUSTOMER, 2), False),
        (Viewer(Role.RESTAURANT, 2), True),
        (Viewer(Role.RESTAURANT, 1), False),
        (Viewer(Role.COURIER, 3), True),
        (Viewer(Role.COURIER, 1), False),
        (Viewer(Role.OPERATOR, 9), True),
    ],
)
def test_events_reach_whom_they_concern(viewer: Viewer, hears: bool) -> None:
    assert viewer.may_see(paid(customer=1, restaurant=2, courier=3)) is hears


def test_a_restaurant_hears_of_no_unpaid_order() -> None:
    assert not Viewer(Role.RESTAURANT, 2).may_see(paid(cls=events.OrderPaymentFailed))
    assert Viewer(Role.CUSTOMER, 1).may_see(paid(cls=events.OrderPaymentFailed))


def test_a_payment_concerns_who_paid_and_the_operator() -> None:
    event = PaymentVoided(
        payment_id="p",
        order_id="o",
        customer_id=1,
        restaurant_id=2,
        courier_id=3,
        state="voided",
        amount=1,
        captured=0,
        refunded=0,
        currency="EUR",
    )
    now = datetime.now(UTC)
    told = Envelope(id=uuid.uuid4(), type=event.type, key="p", sequence=2, time=now, recorded_at=now, data=event)
    viewers = [Viewer(Role.CUSTOMER, 1), Viewer(Role.OPERATOR, 9), Viewer(Role.RESTAURANT, 2), Viewer(Role.COURIER, 3)]
    assert [viewer.may_see(told) for viewer in viewers] == [True, True, False, False]
    assert not Viewer(Role.CUSTOMER, 2).may_see(told)


def test_a_viewer_too_slow_is_told_to_refresh() -> None:
    async def overfill() -> tuple[object, bool]:
        seat = Seat(Viewer(Role.OPERATOR, 1), asyncio.get_running_loop())
        last = paid()
        for _ in range(BACKLOG + 1):
            seat.put(paid())
        seat.put(last)
        return await seat.next(), (await seat.next()) is last

    assert asyncio.run(overfill()) == ("refresh", True)


@pytest.mark.django_db
def test_strangers_hear_nothing() -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = Client().get(reverse("live"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


class Listener:
    """An open stream, read event by event."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines

    def next(self, *, name: str | None = None, within: float = 60) -> dict[str, str]:
        """The next event, or the next of a name."""
        fields: dict[str, str] = {}
        # The stream's own signs of life come for ever, so that no read of it ever takes too long.
        deadline = time.monotonic() + within
        for line in self.lines:
            assert time.monotonic() < deadline, f"waited {within:g} s in vain for {name or 'an event'}"
            if line and not line.startswith(":"):
                key, _, value = line.partition(": ")
                fields[key] = value
            elif "event" in fields:
                if name in (None, fields["event"]):
                    return fields
                fields = {}
        raise AssertionError("the stream ended")


@contextlib.contextmanager
def listening(system: System, token: str) -> Iterator[Listener]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{system.url}/live/", headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        yield Listener(answer.iter_lines())


def tell(envelope: Envelope) -> None:
    producer = kafka.producer()
    headers = encode_headers(
        event_id=envelope.id,
        type=envelope.type,
        key=envelope.key,
        sequence=envelope.sequence,
        time=envelope.time,
        recorded_at=envelope.time,
    )
    sent = producer.send(
        full_topic("orders.events"), encode_data(envelope.data), key=envelope.key.encode(), headers=headers
    )
    sent.get(timeout=10)
    producer.close()


@pytest.mark.django_db(transaction=True)
def test_a_stream_waits_for_kafka_and_then_tells_in_order(namespace: str) -> None:
    # given: a web server that finds no topic yet, and more viewers than it has database connections
    alice, bob = factories.alice(), factories.bob()
    with running("web") as system, contextlib.ExitStack() as open_streams:
        hers = open_streams.enter_context(listening(system, make_token(alice)))
        for _ in range(14):
            open_streams.enter_context(listening(system, make_token(bob)))
        # then: it greets at once, and still serves pages
        assert hers.next()["event"] == "hello"
        assert httpx.get(system.url, timeout=5).status_code == 200

        # when: Kafka is made ready, and facts of two customers arrive
        topology.apply()
        hers.next(name="hello")
        his, her_own = paid(customer=bob.pk), paid(customer=alice.pk)
        tell(his)
        tell(her_own)
        # then: she hears hers alone
        heard = hers.next()
        assert heard["event"] == "order"
        assert json.loads(heard["data"]) == {
            "type": "order.paid",
            "order": her_own.key,
            "sequence": 2,
            "status": "paid",
            "courier": None,
            "restaurant": 2,
            "zone": "centre",
        }
        assert heard["id"].split(":")[1].isdigit()

        # when: the server is asked to end
        begun = time.monotonic()
        popen = system["web"].popen
        assert popen is not None
        popen.send_signal(signal.SIGTERM)
        popen.wait(timeout=15)
        # then: open streams do not keep it
        assert time.monotonic() - begun < 8
