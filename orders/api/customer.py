"""Orders as their customer sees and makes them."""

from __future__ import annotations

import uuid
from typing import Annotated

from django.http import HttpRequest
from ninja import Header, Router, Status

from accounts.auth import SIGNED_IN, user_with_role
from accounts.models import Role
from orders import checkout, customer
from orders.checkout import AddressRequest, LineRequest
from orders.devices import device_of
from orders.models import Order

from .schemas import MovedOut, OrderIn, OwnOrderOut, ReasonIn

router = Router(tags=["orders"], auth=SIGNED_IN)

#: Orders in one answer, newest first.
PAGE = 50


@router.post("/orders", response={201: OwnOrderOut})
def place(
    request: HttpRequest, body: OrderIn, idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = ""
) -> Status[OwnOrderOut]:
    """Place an order; repeat it under the same key as often as it takes to get an answer."""
    order = checkout.place_order(
        customer=user_with_role(request, Role.CUSTOMER),
        restaurant=body.restaurant,
        lines=[LineRequest(line.item, line.quantity, line.unit_price, tuple(line.options)) for line in body.lines],
        address=AddressRequest(**body.address.model_dump()),
        card=body.card,
        expected_total=body.expected_total,
        idempotency_key=idempotency_key,
        door_code=body.door_code,
        device=device_of(request),
        quote_id=body.quote,
    )
    return Status(201, OwnOrderOut.of(order))


@router.get("/orders", response=list[OwnOrderOut])
def orders(request: HttpRequest) -> list[OwnOrderOut]:
    """The customer's latest orders."""
    user = user_with_role(request, Role.CUSTOMER)
    own = Order.objects.for_customer(user.id).select_related("restaurant").prefetch_related("lines")
    return [OwnOrderOut.of(order) for order in own[:PAGE]]


@router.get("/orders/{uuid:order_id}", response=OwnOrderOut)
def order(request: HttpRequest, order_id: uuid.UUID) -> OwnOrderOut:
    """One order; another customer's is not found."""
    user = user_with_role(request, Role.CUSTOMER)
    own = Order.objects.for_customer(user.id).select_related("restaurant").prefetch_related("lines")
    return OwnOrderOut.of(own.get(pk=order_id))


@router.post("/orders/{uuid:order_id}/cancel", response=MovedOut)
def cancel(request: HttpRequest, order_id: uuid.UUID, body: ReasonIn) -> MovedOut:
    """Call it off, until the restaurant accepts."""
    return MovedOut.of(customer.cancel(order_id, by=user_with_role(request, Role.CUSTOMER), reason=body.reason))
