"""Shapes of the orders API. Amounts are integers in minor units; times are city times, ISO 8601."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field, StringConstraints

from orders.models import MenuItem, Order, OrderLine, Quote, Restaurant
from orders.pricing.fares import Fee

#: PostgreSQL's text holds no NUL; 200 characters is what a reason's column takes.
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class CityOut(Schema):
    name: str
    now: datetime
    speed: float = Field(description="city seconds per wall second")
    latitude: float
    longitude: float
    metres_per_minute: float
    pickup_minutes: float
    dropoff_minutes: float
    offer_seconds: float
    confirm_minutes: float


class RestaurantOut(Schema):
    id: int
    slug: str
    name: str
    zone: str
    cuisine: str
    is_open: bool
    latitude: float
    longitude: float
    delivery_fee: int = Field(description="now, with what demand adds")
    usual_delivery_fee: int = Field(description="without demand")
    preparation_minutes: int

    @classmethod
    def of(cls, restaurant: Restaurant, *, now: datetime, fee: Fee) -> RestaurantOut:
        return cls(is_open=restaurant.is_open(now), **_plain(restaurant, fee))


class OptionOut(Schema):
    id: int
    name: str
    price: int
    group: int | None = None


class GroupOut(Schema):
    id: int
    name: str
    minimum: int = Field(description="so many of its options must be chosen")
    maximum: int


class ItemOut(Schema):
    id: int
    name: str
    description: str
    price: int
    sold_out: bool
    allergens: list[str]
    groups: list[GroupOut]
    options: list[OptionOut]

    @classmethod
    def of(cls, item: MenuItem) -> ItemOut:
        return cls(
            id=item.id,
            name=item.name,
            description=item.description,
            price=item.price,
            sold_out=item.sold_out,
            allergens=item.allergens,
            groups=[
                GroupOut(id=each.id, name=each.name, minimum=each.minimum, maximum=each.maximum)
                for each in item.groups.all()
            ],
            options=[
                OptionOut(id=each.id, name=each.name, price=each.price, group=each.group_id)
                for each in item.options.all()
            ],
        )


class SectionOut(Schema):
    name: str
    items: list[ItemOut]


class MenuOut(RestaurantOut):
    quote: uuid.UUID = Field(description="name it in the order, and the fee is the one shown here")
    quote_valid_until: datetime = Field(description="wall time")
    sections: list[SectionOut]

    @classmethod
    def with_sections(
        cls, restaurant: Restaurant, sections: list[tuple[str, list[MenuItem]]], *, now: datetime, quote: Quote
    ) -> MenuOut:
        listed = [SectionOut(name=name, items=[ItemOut.of(item) for item in items]) for name, items in sections]
        return cls(
            is_open=restaurant.is_open(now),
            sections=listed,
            quote=quote.pk,
            quote_valid_until=quote.valid_until,
            **_plain(restaurant, Fee(quote.usual, quote.fee)),
        )


def _plain(restaurant: Restaurant, fee: Fee) -> dict[str, Any]:
    fields = RestaurantOut.model_fields.keys() - {"is_open", "delivery_fee", "usual_delivery_fee"}
    found = {name: getattr(restaurant, name) for name in fields}
    return found | {"delivery_fee": fee.now, "usual_delivery_fee": fee.usual}


class LineIn(Schema):
    item: int
    quantity: int
    unit_price: int
    options: list[int] = []


class AddressIn(Schema):
    line: Text
    latitude: Degrees
    longitude: Degrees
    instructions: Text = ""


class OrderIn(Schema):
    restaurant: Text
    lines: list[LineIn]
    address: AddressIn
    card: Text
    expected_total: int
    quote: uuid.UUID | None = Field(None, description="the menu's: its fee is charged, whatever the fee is by then")
    door_code: bool = Field(False, description="hand it over only against a code that the customer tells the courier")


class LineOut(Schema):
    item: int
    name: str
    options: list[str]
    quantity: int
    unit_price: int

    @classmethod
    def of(cls, line: OrderLine) -> LineOut:
        return cls(
            item=line.item_id,
            name=line.name,
            options=line.options,
            quantity=line.quantity,
            unit_price=line.unit_price,
        )


class OrderOut(Schema):
    id: uuid.UUID
    number: str
    status: str
    version: int
    restaurant: str
    restaurant_name: str
    zone: str
    courier: int | None
    currency: str
    subtotal: int
    delivery_fee: int
    total: int
    placed_at: datetime
    ready_by: datetime | None
    ready_at: datetime | None
    picked_up_at: datetime | None
    delivered_at: datetime | None
    lines: list[LineOut]

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        """Wants the restaurant joined and the lines prefetched."""
        return cls(
            id=order.id,
            number=order.number,
            status=order.status,
            version=order.version,
            restaurant=order.restaurant.slug,
            restaurant_name=order.restaurant.name,
            zone=order.zone,
            courier=order.courier_id,
            currency=order.currency,
            subtotal=order.subtotal,
            delivery_fee=order.delivery_fee,
            total=order.total,
            placed_at=order.placed_at,
            ready_by=order.ready_by,
            ready_at=order.ready_at,
            picked_up_at=order.picked_up_at,
            delivered_at=order.delivered_at,
            lines=[LineOut.of(line) for line in order.lines.all()],
        )


class OwnOrderOut(OrderOut):
    """As its customer alone sees it."""

    door_code: str = Field("", description="what the customer tells the courier, where they asked for a code")

    @classmethod
    def of(cls, order: Order) -> OwnOrderOut:
        return cls(**OrderOut.of(order).model_dump(), door_code=order.door_code)


class MovedOut(Schema):
    """An order after a move: what has changed, and no more."""

    id: uuid.UUID
    status: str
    version: int
    ready_by: datetime | None

    @classmethod
    def of(cls, order: Order) -> MovedOut:
        return cls(id=order.id, status=order.status, version=order.version, ready_by=order.ready_by)


class ReasonIn(Schema):
    reason: Reason


class AcceptIn(Schema):
    preparation_minutes: Annotated[float, Field(ge=0, le=24 * 60, allow_inf_nan=False)] | None = None


class SoldOutIn(Schema):
    sold_out: bool


class PausedIn(Schema):
    paused: bool


class PausedOut(Schema):
    paused: bool
    auto_paused: bool = Field(description="paused because several orders in a row got no answer")
    unanswered: int


class LaterIn(Schema):
    minutes: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]


class PostIn(Schema):
    text: Annotated[str, Field(max_length=5000, description="1 to 280 characters")]


class PostedOut(Schema):
    id: uuid.UUID = Field(description="of the event; the post's progress is found under it")
