"""Orders and menu as the restaurant's people work with them."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from ninja import Router, Status

from accounts.auth import SIGNED_IN, user_with_role
from accounts.models import Role, User
from orders import kitchen, posts
from orders.models import Order, Restaurant

from .schemas import (
    AcceptIn,
    ItemOut,
    LaterIn,
    MovedOut,
    OrderOut,
    PausedIn,
    PausedOut,
    PostedOut,
    PostIn,
    ReasonIn,
    SoldOutIn,
)

router = Router(tags=["restaurant"], auth=SIGNED_IN)


def cook(request: HttpRequest) -> User:
    return user_with_role(request, Role.RESTAURANT)


@router.get("/orders", response=list[OrderOut])
def orders(request: HttpRequest) -> list[OrderOut]:
    """Orders from payment to the door, oldest first."""
    own = Order.objects.for_restaurant(cook(request).id).unfinished().order_by("placed_at")
    return [OrderOut.of(order) for order in own.select_related("restaurant").prefetch_related("lines")]


@router.get("/orders/{uuid:order_id}", response=OrderOut)
def order(request: HttpRequest, order_id: uuid.UUID) -> OrderOut:
    """One order of this restaurant, finished or not."""
    own = Order.objects.for_restaurant(cook(request).id).select_related("restaurant").prefetch_related("lines")
    return OrderOut.of(own.get(pk=order_id))


@router.post("/orders/{uuid:order_id}/accept", response=MovedOut)
def accept(request: HttpRequest, order_id: uuid.UUID, body: AcceptIn) -> MovedOut:
    """Cook it, ready after so many city minutes."""
    return MovedOut.of(kitchen.accept(order_id, by=cook(request), preparation_minutes=body.preparation_minutes))


@router.post("/orders/{uuid:order_id}/reject", response=MovedOut)
def reject(request: HttpRequest, order_id: uuid.UUID, body: ReasonIn) -> MovedOut:
    """Don't cook it."""
    return MovedOut.of(kitchen.reject(order_id, by=cook(request), reason=body.reason))


@router.post("/orders/{uuid:order_id}/ready", response=MovedOut)
def ready(request: HttpRequest, order_id: uuid.UUID) -> MovedOut:
    """It waits at the counter."""
    return MovedOut.of(kitchen.ready(order_id, by=cook(request)))


@router.post("/orders/{uuid:order_id}/cancel", response=MovedOut)
def cancel(request: HttpRequest, order_id: uuid.UUID, body: ReasonIn) -> MovedOut:
    """Call off what was accepted."""
    return MovedOut.of(kitchen.cancel(order_id, by=cook(request), reason=body.reason))


@router.post("/items/{int:item_id}", response=ItemOut)
def item(request: HttpRequest, item_id: int, body: SoldOutIn) -> ItemOut:
    """Mark an item sold out, or back."""
    return ItemOut.of(kitchen.set_sold_out(item_id, by=cook(request), sold_out=body.sold_out))


@router.get("/paused", response=PausedOut)
def pause_state(request: HttpRequest) -> Restaurant:
    """Whether the restaurant takes orders, and whether it was paused because nobody answered."""
    return Restaurant.objects.get(user=cook(request))


@router.post("/orders/{uuid:order_id}/later", response=MovedOut)
def later(request: HttpRequest, order_id: uuid.UUID, body: LaterIn) -> MovedOut:
    """It takes so many city minutes longer than was said."""
    return MovedOut.of(kitchen.delay(order_id, by=cook(request), minutes=body.minutes))


@router.post("/paused", response=PausedIn)
def paused(request: HttpRequest, body: PausedIn) -> PausedIn:
    """Stop or start taking orders."""
    return PausedIn(paused=kitchen.set_paused(by=cook(request), paused=body.paused).paused)


@router.post("/posts", response={201: PostedOut})
def post(request: HttpRequest, body: PostIn) -> Status[PostedOut]:
    """Tell all who follow the restaurant; 409 for a second post within ten minutes."""
    return Status(201, PostedOut(id=posts.post(body.text, by=cook(request))))
