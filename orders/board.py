"""What the restaurant's page shows: its lanes, the alarm of unanswered orders, its menu and figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User

from .arrivals import couriers_here
from .models import Order, Restaurant, Status
from .models.order import OrderQuerySet
from .timeouts import seconds_to_answer

LANES = [(Status.PAID, "New"), (Status.ACCEPTED, "Preparing"), (Status.READY, "Ready")]

#: Orders on one board: more than any kitchen can look at.
MOST = 150


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order on the board. `seconds` (wall) are left to answer it, of `of_seconds`; None once it is answered."""

    order: Order
    courier_is_here: bool = False
    seconds: float | None = None
    of_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    status: Status
    name: str
    tickets: list[Ticket]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What waits for an answer, the most urgent first."""

    restaurant: Restaurant
    waiting: list[Ticket]


def lanes_of(user: User) -> list[Lane]:
    """Orders from payment to the counter, oldest first."""
    orders = (
        _orders(user, [status for status, _ in LANES]).select_related("restaurant").prefetch_related("lines")[:MOST]
    )
    tickets = _tickets(orders)
    return [Lane(status, name, [each for each in tickets if each.order.status == status]) for status, name in LANES]


def alarm_of(user: User) -> Alarm:
    """Raises Restaurant.DoesNotExist: the user has none."""
    restaurant = Restaurant.objects.get(user=user)
    return Alarm(restaurant, _tickets(_orders(user, [Status.PAID])[:MOST]))


def alarm_on(restaurant: Restaurant, lanes: Iterable[Lane]) -> Alarm:
    """The same from lanes that were read already."""
    return Alarm(restaurant, next(lane.tickets for lane in lanes if lane.status == Status.PAID))


def _orders(user: User, statuses: list[Status]) -> OrderQuerySet:
    return Order.objects.for_restaurant(user.pk).filter(status__in=statuses).order_by("placed_at")


def _tickets(orders: Iterable[Order]) -> list[Ticket]:
    shown = list(orders)
    left, of_seconds = seconds_to_answer([order.id for order in shown if order.status == Status.PAID])
    taken = [order for order in shown if order.courier_id is not None]
    here = couriers_here(taken) if taken else set()
    return [Ticket(order, order.id in here, left.get(order.id), of_seconds) for order in shown]
