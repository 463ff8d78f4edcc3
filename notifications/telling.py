"""From events to promised notices. What a text needs of the event is kept with the notice; ids and amounts only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec

from delivery.events import CourierAssigned
from messaging.envelope import Envelope, Event
from orders.events import (
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderDelivered,
    OrderEvent,
    OrderPaymentFailed,
    OrderPickedUp,
    OrderPlaced,
    OrderRejected,
    OrderUndeliverable,
)
from orders.payments.events import PaymentCaptured, PaymentEvent, PaymentRefunded, RefundRefused

from .asking import Ask, ask_many
from .bells import ring
from .models import OrderText

Facts = dict[str, Any]

#: Wall time after which a fact is no news: a group that begins on an old topic, or was away for days, writes to nobody.
LATE = timedelta(days=2)


def _nothing(event: Any) -> Facts:
    return {}


def _ready_by(event: OrderAccepted | OrderDelayed) -> Facts:
    return {"ready_by": event.ready_by.isoformat()}


def _ended(event: OrderEvent) -> Facts:
    return {"how": event.status, "by": event.by, "why": event.reason}


def _captured(event: PaymentCaptured) -> Facts:
    return {"payment": event.payment_id, "captured": event.captured, "currency": event.currency}


def _refunded(event: PaymentRefunded) -> Facts:
    return {
        "payment": event.payment_id,
        "refund": event.refund_id,
        "amount": event.refund_amount,
        "refunded": event.refunded,
        "captured": event.captured,
        "why": event.reason,
        "currency": event.currency,
    }


def _refused(event: RefundRefused) -> Facts:
    return {
        "how": "refused",
        "payment": event.payment_id,
        "refund": event.refund_id,
        "amount": event.refund_amount,
        "why": event.why,
        "currency": event.currency,
    }


#: Event → the kind of notice that its customer gets, and the facts kept with it.
TOLD: dict[type[Event], tuple[str, Callable[[Any], Facts]]] = {
    OrderPlaced: ("placed", _nothing),
    OrderAccepted: ("accepted", _ready_by),
    OrderDelayed: ("delayed", _ready_by),
    CourierAssigned: ("assigned", _nothing),
    OrderPickedUp: ("picked_up", _nothing),
    OrderDelivered: ("delivered", _nothing),
    OrderCancelled: ("cancelled", _ended),
    OrderRejected: ("cancelled", _ended),
    OrderPaymentFailed: ("cancelled", _ended),
    OrderUndeliverable: ("cancelled", _ended),
    PaymentCaptured: ("receipt", _captured),
    PaymentRefunded: ("refund", _refunded),
    RefundRefused: ("refund", _refused),
}


def tell(events: Sequence[Envelope], *, generation: int) -> None:
    """Keep what the texts of new orders need, and promise each customer what they are to hear."""
    OrderText.objects.bulk_create(
        [order_text(envelope) for envelope in events if isinstance(envelope.data, OrderPlaced)], ignore_conflicts=True
    )
    asks = []
    oldest = datetime.now(UTC) - LATE
    for envelope in events:
        told = TOLD.get(type(envelope.data))
        if told is not None:
            kind, facts_of = told
            event = cast("OrderEvent | PaymentEvent", envelope.data)
            late = envelope.recorded_at is not None and envelope.recorded_at < oldest
            asks.append(Ask(envelope.id, event.customer_id, kind, event.order_id, facts_of(event), late=late))
    ring(ask_many(asks).inboxes)


def order_text(envelope: Envelope) -> OrderText:
    """The receipt's part that only the order's first event knows."""
    placed = cast(OrderPlaced, envelope.data)
    return OrderText(
        order_id=placed.order_id,
        restaurant_id=placed.restaurant_id,
        restaurant=placed.restaurant[:200],
        lines=msgspec.to_builtins(placed.lines),
        subtotal=placed.subtotal,
        delivery_fee=placed.delivery_fee,
        total=placed.total,
        currency=placed.currency[:3],
        placed_at=envelope.time,
    )
