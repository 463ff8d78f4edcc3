"""An order's facts by hand, as the notifications group reads them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from accounts.models import Role, User
from delivery.events import CourierAssigned
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.envelope import Event, registered_types
from messaging.models import OutboxRow, StoredOffset
from notifications.asking import SEND
from orders import events
from orders.models import Order
from orders.payments.events import PaymentCaptured, PaymentRefunded, RefundRefused
from tests import factories
from tests.messaging.streams import NOON, Record


def person(name: str = "alice", *, email: bool = True, role: Role = Role.CUSTOMER) -> User:
    user = factories.make_user(name, role)
    if email:
        user.email = f"{name}@forkroad.example"
        user.save()
    return user


@dataclass
class Story:
    """The facts of one order of two soups with bread and a cake, from placed to refunded."""

    customer: User
    order: str = field(default_factory=lambda: str(uuid.uuid4()))
    payment: str = field(default_factory=lambda: str(uuid.uuid4()))
    restaurant: str = "Soup & Sons"

    def records(self) -> dict[str, list[Record]]:
        """Topic → its records, each list in the order of its stream."""
        told = [
            self.placed(),
            self._order(events.OrderPaid, "paid", payment_id=self.payment, amount=2740),
            self._order(events.OrderAccepted, "accepted", ready_by=NOON + timedelta(minutes=20)),
            self._order(CourierAssigned, "accepted", offer_id="o", courier_id=3),
            self._order(events.OrderReady, "ready"),
            self._order(events.OrderPickedUp, "picked_up", courier_id=3),
            self._order(events.OrderDelivered, "delivered", click_to_door_seconds=1800.0, ready_to_pickup_seconds=60.0),
        ]
        paid = [self._payment(PaymentCaptured), self.refunded()]
        return {
            "orders.events": [fact(self.order, n, event) for n, event in enumerate(told, 1)],
            "payments.transactions": [fact(self.payment, n, event) for n, event in enumerate(paid, 1)],
        }

    def placed(self) -> Any:
        lines = [
            events.Line(item_id=1, name="Soup", quantity=2, unit_price=1000, options=["Bread"]),
            events.Line(item_id=2, name="Cake <b>", quantity=1, unit_price=450),
        ]
        return self._order(
            events.OrderPlaced,
            "placed",
            restaurant=self.restaurant,
            lines=lines,
            subtotal=2450,
            delivery_fee=290,
            total=2740,
            currency="EUR",
        )

    def cancelled(self, **changes: Any) -> Record:
        values = {"status": "cancelled", "by": "operator", "reason": "kitchen on fire"} | changes
        return fact(self.order, 2, self._order(events.OrderCancelled, values.pop("status"), **values))

    def refunded(self) -> Any:
        return self._payment(
            PaymentRefunded, refunded=450, state="refunded", refund_id="r", refund_amount=450, reason="missing"
        )

    def refused(self, why: str) -> Record:
        event = self._payment(RefundRefused, refund_id="r", refund_amount=450, reason="late", why=why)
        return fact(self.payment, 2, event)

    def _order(self, cls: type[Any], status: str, /, **values: Any) -> Any:
        common = {
            "order_id": self.order,
            "restaurant_id": 7,
            "customer_id": self.customer.pk,
            "zone": "centre",
            "status": status,
            "by": "system",
        }
        return cls(**(common | values))

    def _payment(self, cls: type[Any], **values: Any) -> Any:
        common = {
            "payment_id": self.payment,
            "order_id": self.order,
            "customer_id": self.customer.pk,
            "restaurant_id": 7,
            "state": "captured",
            "amount": 2740,
            "captured": 2740,
            "refunded": 0,
            "currency": "EUR",
        }
        return cls(**(common | values))


def fact(key: str, sequence: int, event: Event, **changes: Any) -> Record:
    """A record of this moment: what is old is told to nobody."""
    return Record(key, sequence, event, **({"time": datetime.now(UTC)} | changes))


def read(records: Sequence[Record], *, topic: str = "orders.events") -> None:
    """Hand the records to the group as the next of the topic's only partition."""
    group = get_group("notifications")
    stored = StoredOffset.objects.filter(group=group.name, topic=topic, partition=0).first()
    start = stored.position if stored else 0
    found = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        found.append(Read(topic=topic, partition=0, offset=offset, headers=headers, value=value))
    apply_batch(group, Batch(topic, 0, start=start, next=start + len(found), records=found))


def read_story(story: Story) -> None:
    for topic, records in story.records().items():
        read(records, topic=topic)


def read_order(order: Order) -> None:
    """Hand the group everything that has happened to an order."""
    read(
        [
            fact(
                str(order.pk),
                row.sequence,
                msgspec.convert(row.payload, registered_types()[row.type]),
                event_id=row.event_id,
            )
            for row in order.history.order_by("sequence")
        ]
    )


def ten_times(records: dict[str, list[Record]], chance: random.Random) -> list[tuple[str, Record]]:
    """Each record ten times, in no order."""
    copies = [(topic, record) for topic, found in records.items() for record in found] * 10
    chance.shuffle(copies)
    return copies


def commands() -> list[dict[str, int]]:
    """The notice commands that the outbox owes, oldest first; they are taken from it."""
    import json

    rows = OutboxRow.objects.filter(road="sqs", type=SEND).order_by("pk")
    found = [json.loads(bytes(row.payload)) for row in rows]
    OutboxRow.objects.filter(road="sqs", type=SEND).delete()
    return found
