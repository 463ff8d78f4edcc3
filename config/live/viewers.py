"""Who listens, and which events concern them."""

from __future__ import annotations

from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest

from accounts.auth import asking_user
from accounts.models import Role, User
from delivery.events import CourierMoved
from messaging.envelope import Envelope
from notifications.events import NoticeGiven
from orders.payments.events import PaymentEvent

#: A restaurant hears of an order once it is paid, never before.
UNPAID = frozenset({"order.placed", "order.payment_failed"})
INBOXES = frozenset({Role.CUSTOMER, Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in listener; `subject` is the customer's user id, the courier's id or the restaurant's id."""

    role: str
    subject: int

    def may_see(self, event: Envelope) -> bool:
        """Whether a committed fact concerns them. Of couriers' positions only `escorts` decides."""
        data = event.data
        if isinstance(data, CourierMoved):
            return False
        if isinstance(data, NoticeGiven):
            # Of couriers and restaurants `subject` is no account's id, and they have no inbox.
            return self.role in INBOXES and data.recipient_id == self.subject
        if self.role == Role.OPERATOR:
            return True
        if isinstance(data, PaymentEvent) and self.role != Role.CUSTOMER:
            # What a customer paid, and asks back, is between them and the operator.
            return False
        if self.role == Role.COURIER:
            return getattr(data, "courier_id", None) == self.subject
        if self.role == Role.RESTAURANT:
            return getattr(data, "restaurant_id", None) == self.subject and event.type not in UNPAID
        return getattr(data, "customer_id", None) == self.subject


@sync_to_async
def identify(request: HttpRequest) -> Viewer | None:
    """The viewer behind a session or a bearer token, or None. Leaves no database connection behind.

    A stream stays open for minutes: a connection kept for it would be one less for everybody else.
    """
    try:
        user = asking_user(request)
        return _viewer(user) if user is not None and user.is_active else None
    finally:
        connection.close()


def _viewer(user: User) -> Viewer | None:
    if user.is_operator:
        return Viewer(Role.OPERATOR, user.pk)
    if user.role == Role.COURIER:
        courier = getattr(user, "courier", None)
        return Viewer(Role.COURIER, courier.pk) if courier else None
    if user.role == Role.RESTAURANT:
        restaurant = getattr(user, "restaurant", None)
        return Viewer(Role.RESTAURANT, restaurant.pk) if restaurant else None
    return Viewer(Role.CUSTOMER, user.pk)
