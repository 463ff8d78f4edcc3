"""The acts of a simulated month as the very events that the platform writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from messaging.envelope import Event
from orders import events
from orders.payments import events as payments
from simulator.fraud.acts import Act

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def as_events(acts: Iterable[Act]) -> Iterator[tuple[Act, Event]]:
    """Each act with its event."""
    return ((act, as_event(act)) for act in acts)


def as_event(act: Act) -> Event:
    tokens: dict[str, Any] = {"card_token": act.card, "device_token": act.device, "door_token": act.door}
    common: dict[str, Any] = {
        "order_id": act.order,
        "restaurant_id": act.restaurant,
        "customer_id": act.account,
    }
    of_order = {**common, "zone": "centre", "courier_id": act.courier or None}
    if act.kind == "placed":
        return events.OrderPlaced(
            **of_order,
            **tokens,
            status="placed",
            by="customer",
            restaurant="",
            lines=[],
            subtotal=act.total,
            delivery_fee=0,
            total=act.total,
            currency="EUR",
            distance=act.distance,
        )
    if act.kind == "delivered":
        return events.OrderDelivered(
            **of_order, status="delivered", by="courier", click_to_door_seconds=1800.0, ready_to_pickup_seconds=60.0
        )
    paid = {
        **common,
        **tokens,
        "payment_id": act.order,
        "amount": act.total,
        "captured": 0,
        "refunded": 0,
        "currency": "EUR",
        "courier_id": act.courier or None,
    }
    if act.kind == "declined":
        return payments.PaymentDeclined(**paid, state="declined", code=act.reason)
    if act.kind == "authorised":
        return payments.PaymentAuthorised(**paid, state="authorised")
    return payments.RefundRequested(
        **paid, state="captured", refund_id=act.order, refund_amount=act.amount, reason=act.reason
    )
