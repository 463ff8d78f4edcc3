"""Events of suspicious and of honest orders, written by hand, and the fraud group fed with them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.models import FraudCase, FraudDecision, FraudProfile
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.positions import live_number
from messaging.consuming.records import Record as Read
from orders.events import FraudVerdict, OrderDelivered, OrderPlaced
from orders.models import Order
from orders.payments.events import PaymentAuthorised, PaymentDeclined, RefundRequested
from tests.messaging.streams import NOON, Record


def order_id(number: int) -> str:
    return str(uuid.UUID(int=number))


def of_order(number: int, account: int) -> dict[str, Any]:
    return {"order_id": order_id(number), "restaurant_id": 7, "customer_id": account, "zone": "centre"}


def tokens(**some: str) -> dict[str, Any]:
    """Card, device and door as events name them."""
    return {f"{name}_token": token for name, token in some.items()}


def placed(number: int, account: int = 1, *, minute: float = 0, total: int = 2000, **some: str) -> Record:
    event = OrderPlaced(
        **of_order(number, account),
        **tokens(**some),
        status="placed",
        by="customer",
        restaurant="Trattoria",
        lines=[],
        subtotal=total,
        delivery_fee=0,
        total=total,
        currency="EUR",
        distance=1200,
    )
    return Record(event.order_id, 1, event, time=at(minute))


def delivered(number: int, account: int = 1, *, minute: float, courier: int = 5) -> Record:
    event = OrderDelivered(
        **of_order(number, account),
        status="delivered",
        by="courier",
        courier_id=courier,
        click_to_door_seconds=1800.0,
        ready_to_pickup_seconds=60.0,
    )
    return Record(event.order_id, 2, event, time=at(minute))


def verdict(
    number: int,
    account: int,
    word: str,
    *,
    minute: float,
    rules: Sequence[str],
    about: Sequence[str] = (),
    **some: str,
) -> Record:
    event = FraudVerdict(
        **of_order(number, account),
        **tokens(**some),
        status="placed",
        by="operator",
        verdict=word,
        rules=list(rules),
        about=list(about),
    )
    return Record(event.order_id, 2, event, time=at(minute))


def _payment(number: int, account: int, total: int, **some: Any) -> dict[str, Any]:
    common = of_order(number, account)
    del common["zone"]
    return {
        **common,
        "payment_id": str(uuid.UUID(int=number + 10**6)),
        "amount": total,
        "captured": 0,
        "refunded": 0,
        "currency": "EUR",
        **some,
    }


def declined(number: int, account: int = 1, *, minute: float, total: int = 2000, **some: str) -> Record:
    event = PaymentDeclined(**_payment(number, account, total, **tokens(**some)), state="declined", code="generic")
    return Record(event.payment_id, 1, event, time=at(minute))


def authorised(number: int, account: int = 1, *, minute: float, total: int = 2000, **some: str) -> Record:
    event = PaymentAuthorised(**_payment(number, account, total, **tokens(**some)), state="authorised")
    return Record(event.payment_id, 1, event, time=at(minute))


def refund(
    number: int,
    account: int = 1,
    *,
    minute: float,
    amount: int = 2000,
    total: int = 2000,
    reason: str = "not_delivered",
    courier: int = 5,
    **some: str,
) -> Record:
    event = RefundRequested(
        **_payment(number, account, total, **tokens(**some), courier_id=courier),
        state="captured",
        refund_id=str(uuid.UUID(int=number + 2 * 10**6)),
        refund_amount=amount,
        reason=reason,
    )
    return Record(event.payment_id, 2, event, time=at(minute))


def at(minute: float) -> datetime:
    return NOON.astimezone(UTC) + timedelta(minutes=minute)


def topic_of(record: Record) -> str:
    assert record.event is not None
    return record.event.topic


class Reader:
    """The group's partitions as the runtime reads them: one transaction a batch, offsets kept."""

    def __init__(self, *, generation: int | None = None) -> None:
        self.generation = generation
        self.next: dict[tuple[str, int], int] = {}

    def read(self, *records: Record, partition: int = 0) -> None:
        """Records of any topics, as batches of neighbours of one topic."""
        run: list[Record] = []
        for record in records:
            if run and topic_of(run[-1]) != topic_of(record):
                self._apply(run, partition)
                run = []
            run.append(record)
        self._apply(run, partition)

    def _apply(self, records: Sequence[Record], partition: int) -> None:
        if not records:
            return
        topic = topic_of(records[0])
        start = self.next.get((topic, partition), 0)
        found = []
        for offset, record in enumerate(records, start):
            headers, value = record.parts()
            found.append(Read(topic=topic, partition=partition, offset=offset, headers=headers, value=value))
        end = self.next[topic, partition] = start + len(found)
        self.apply(Batch(topic, partition, start=start, next=end, records=found))

    def apply(self, batch: Batch) -> None:
        apply_batch(get_group("fraud"), batch, generation=self.generation)


def card_testing() -> list[Record]:
    """Eight cards on one device within a quarter of an hour, most of them declined."""
    story: list[Record] = []
    for number in range(1, 9):
        mine: dict[str, Any] = {"card": f"card{number}", "device": "thief", "door": "cellar"}
        story.append(placed(number, 100 + number % 2, minute=2 * number, total=900, **mine))
        answer = authorised if number % 3 == 0 else declined
        story.append(answer(number, 100 + number % 2, minute=2 * number + 0.1, total=900, **mine))
    return story


def honest(account: int, *, orders: int = 4, first: int = 500, refunded: int = 0) -> list[Record]:
    """A customer's past on one device, card and door; some of it asked back in part."""
    story: list[Record] = []
    mine: dict[str, Any] = {"card": f"card of {account}", "device": f"phone of {account}", "door": f"door of {account}"}
    for turn in range(orders):
        number, minute = first + turn, -60 * 24 * (orders - turn + 1)
        story += [
            placed(number, account, minute=minute, **mine),
            authorised(number, account, minute=minute + 0.1, **mine),
            delivered(number, account, minute=minute + 40),
        ]
        if turn < refunded:
            story.append(refund(number, account, minute=minute + 60, amount=500, reason="missing", **mine))
    return story


def suspect(order: Order) -> FraudCase:
    """An open case of an order, with what the stream remembers of its account and device."""
    entry = [int(NOON.timestamp()), str(order.pk), order.customer_id, "c", "thief", "d", order.total, 0, 0, ""]
    for kind, token in (("account", str(order.customer_id)), ("device", "thief")):
        FraudProfile.objects.create(
            generation=live_number("fraud"), kind=kind, token=token, state={"orders": 1, "placed": [entry]}
        )
    rules = {"many_cards": 60, "declines": 50}
    FraudDecision.objects.create(
        order_id=order.pk, stage="placed", account=order.customer_id, score=110, rules=rules,
        features={"device_cards_1h": 6.0, "device_declined_24h": 4.0}, at=NOON,
    )  # fmt: skip
    return FraudCase.objects.create(
        order_id=order.pk, account=order.customer_id, device="thief", stage="placed", score=110, rules=rules,
        opened_at=NOON,
    )  # fmt: skip
