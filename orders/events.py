"""Facts of an order, on `orders.events`: key = order id, sequence = 1..n without a gap, kept for ever."""

from __future__ import annotations

from datetime import datetime

import msgspec

from messaging.envelope import Event, event_type

TOPIC = "orders.events"


class OrderEvent(Event, frozen=True, kw_only=True):
    """What every fact of an order carries: enough to route it to the people it concerns, ids only.

    `actor_id` is the account that did it, where there is one.
    """

    order_id: str
    restaurant_id: int
    customer_id: int
    zone: str
    status: str
    by: str
    reason: str = ""
    courier_id: int | None = None
    actor_id: int | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A chosen option: its group's name (empty for a loose extra), its own, and its price in minor units."""

    option: int
    group: str
    name: str
    price: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One bought item; prices in minor units. `options` are the names of its `choices`."""

    item_id: int
    name: str
    quantity: int
    unit_price: int
    options: list[str] = []
    choices: list[Choice] = []


@event_type("order.placed", topic=TOPIC)
class OrderPlaced(OrderEvent, frozen=True, kw_only=True):
    """A customer placed it; nothing is paid yet. Amounts in minor units.

    The tokens are keyed hashes that only tell one from another; `distance` is metres from the counter, `quote_id` the
    quote of the delivery fee, where one was shown.
    """

    restaurant: str
    lines: list[Line]
    subtotal: int
    delivery_fee: int
    total: int
    currency: str
    card_token: str = ""
    device_token: str = ""
    door_token: str = ""
    distance: int | None = None
    quote_id: str = ""


@event_type("order.paid", topic=TOPIC)
class OrderPaid(OrderEvent, frozen=True, kw_only=True):
    """The payment was authorised; from here on the restaurant sees it."""

    payment_id: str
    amount: int


@event_type("order.payment_failed", topic=TOPIC)
class OrderPaymentFailed(OrderEvent, frozen=True, kw_only=True):
    """The payment was declined; the order ends."""

    code: str


@event_type("order.accepted", topic=TOPIC)
class OrderAccepted(OrderEvent, frozen=True, kw_only=True):
    """The restaurant cooks it, and says when it will be ready (city time)."""

    ready_by: datetime


@event_type("order.delayed", topic=TOPIC)
class OrderDelayed(OrderEvent, frozen=True, kw_only=True):
    """The restaurant needs longer than it said: the new time (city time). Its status stays `accepted`."""

    ready_by: datetime


@event_type("order.code_waived", topic=TOPIC)
class OrderCodeWaived(OrderEvent, frozen=True, kw_only=True):
    """Its customer lets the courier hand it over without the code they had asked for. Its status stays."""


@event_type("order.rejected", topic=TOPIC)
class OrderRejected(OrderEvent, frozen=True, kw_only=True):
    """The restaurant will not cook it, or did not answer in time."""


@event_type("order.ready", topic=TOPIC)
class OrderReady(OrderEvent, frozen=True, kw_only=True):
    """It waits at the counter."""


@event_type("order.picked_up", topic=TOPIC)
class OrderPickedUp(OrderEvent, frozen=True, kw_only=True):
    """Its courier has it."""


@event_type("order.delivered", topic=TOPIC)
class OrderDelivered(OrderEvent, frozen=True, kw_only=True):
    """It is at the customer's door; durations in city seconds, to the millisecond so that sums are exact."""

    click_to_door_seconds: float
    ready_to_pickup_seconds: float


@event_type("order.cancelled", topic=TOPIC)
class OrderCancelled(OrderEvent, frozen=True, kw_only=True):
    """Customer, restaurant or operator called it off: `by` says who, `reason` why."""


@event_type("order.undeliverable", topic=TOPIC)
class OrderUndeliverable(OrderEvent, frozen=True, kw_only=True):
    """No courier could bring it: the stated failure."""


@event_type("fraud.held", topic=TOPIC)
class FraudHeld(OrderEvent, frozen=True, kw_only=True):
    """A score over the line holds it: no courier is asked until a reviewer has looked. `rules` made the score."""

    score: int
    rules: list[str] = []


@event_type("fraud.verdict", topic=TOPIC)
class FraudVerdict(OrderEvent, frozen=True, kw_only=True):
    """A reviewer's word, `fraud` or `genuine`: the rules it judges, and what it is `about` (account, device …)."""

    verdict: str
    rules: list[str] = []
    about: list[str] = []
    card_token: str = ""
    device_token: str = ""
    door_token: str = ""
