"""Facts of dispatch, in the order's own stream, and of couriers, on `couriers.events`."""

from __future__ import annotations

from datetime import datetime

from messaging.envelope import Event, event_type
from orders.events import TOPIC, OrderEvent


@event_type("offer.made", topic=TOPIC)
class OfferMade(OrderEvent, frozen=True, kw_only=True):
    """One courier (`courier_id`) alone may take the order until the deadline, in city time."""

    offer_id: str
    deadline: datetime
    attempt: int


@event_type("offer.declined", topic=TOPIC)
class OfferDeclined(OrderEvent, frozen=True, kw_only=True):
    """The courier said no."""

    offer_id: str


@event_type("offer.expired", topic=TOPIC)
class OfferExpired(OrderEvent, frozen=True, kw_only=True):
    """The courier did not answer in time."""

    offer_id: str


@event_type("offer.withdrawn", topic=TOPIC)
class OfferWithdrawn(OrderEvent, frozen=True, kw_only=True):
    """The order ended, or an operator stepped in, while the offer was open."""

    offer_id: str


@event_type("courier.assigned", topic=TOPIC)
class CourierAssigned(OrderEvent, frozen=True, kw_only=True):
    """The courier took it: from here on `courier_id` is the order's own."""

    offer_id: str


@event_type("courier.released", topic=TOPIC)
class CourierReleased(OrderEvent, frozen=True, kw_only=True):
    """The courier no longer has it."""


@event_type("courier.at_restaurant", topic=TOPIC)
class CourierAtRestaurant(OrderEvent, frozen=True, kw_only=True):
    """The courier's position came near the restaurant that cooks the order."""


@event_type("courier.at_customer", topic=TOPIC)
class CourierAtCustomer(OrderEvent, frozen=True, kw_only=True):
    """The courier's position, with the order in the bag, came near the customer's door."""


@event_type("courier.online", topic="couriers.events")
class CourierOnline(Event, frozen=True, kw_only=True):
    """A shift began; `until` is the planned end, city time."""

    courier_id: int
    zone: str
    until: datetime | None = None


@event_type("courier.offline", topic="couriers.events")
class CourierOffline(Event, frozen=True, kw_only=True):
    """A shift ended; `reason` is chosen, timeouts or operator."""

    courier_id: int
    zone: str
    reason: str = "chosen"


@event_type("courier.moved", topic="couriers.positions")
class CourierMoved(Event, frozen=True, kw_only=True):
    """Where a courier is, in degrees: stream traffic, without a sequence, its times wall times."""

    courier_id: int
    latitude: float
    longitude: float
