"""Whose position a viewer may see: a customer's, the courier who brings their order, for as long as they bring it.

Asked of the database when a viewer comes and whenever events may have been missed, and kept true by the events in
between. Where it is not known, nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.db import connection

from accounts.models import Role
from delivery.events import CourierAssigned, CourierReleased
from delivery.models import Assignment
from messaging.envelope import Envelope
from orders.events import OrderEvent
from orders.models import FINAL

from .viewers import Viewer


class Escort(NamedTuple):
    """As of an order's change of that sequence: its courier's id, or None where nobody brings it."""

    order: str
    sequence: int
    courier: int | None


class Escorts:
    """One viewer's orders and their couriers."""

    def __init__(self) -> None:
        self._orders: dict[str, Escort] = {}
        #: Counts what was forgotten.
        self.epoch = 0

    def forget(self) -> None:
        """Events may have passed unheard: nothing is known until `learn`."""
        self._orders.clear()
        self.epoch += 1

    def learn(self, found: Iterable[Escort], *, epoch: int) -> None:
        """What the database said; an event that was heard meanwhile is newer and stays.

        An answer to a question from before something was forgotten is dropped: it may be older than what was missed.
        """
        if epoch == self.epoch:
            for escort in found:
                self._put(escort)

    def hear(self, event: Envelope) -> None:
        """Follow an order's fact."""
        escort = told_by(event)
        if escort is not None:
            self._put(escort)

    def orders_with(self, courier: int) -> list[str]:
        """The viewer's orders that this courier brings."""
        return [escort.order for escort in self._orders.values() if escort.courier == courier]

    def couriers(self) -> set[int]:
        return {escort.courier for escort in self._orders.values() if escort.courier is not None}

    def _put(self, escort: Escort) -> None:
        known = self._orders.get(escort.order)
        if known is None or known.sequence < escort.sequence:
            self._orders[escort.order] = escort


def told_by(event: Envelope) -> Escort | None:
    """What an order's event says of its courier; None where it says nothing (an offer names who is asked)."""
    data = event.data
    if not isinstance(data, OrderEvent) or event.sequence is None:
        return None
    if isinstance(data, CourierReleased) or data.status in FINAL:
        return Escort(data.order_id, event.sequence, None)
    if isinstance(data, CourierAssigned):
        return Escort(data.order_id, event.sequence, data.courier_id)
    return None


@sync_to_async
def ask(viewer: Viewer) -> list[Escort]:
    """The database's word on a customer's orders; nothing for anybody else. Leaves no connection behind."""
    if viewer.role != Role.CUSTOMER:
        return []
    try:
        jobs = Assignment.objects.filter(order__customer=viewer.subject, state=Assignment.State.ACTIVE)
        rows = jobs.exclude(order__status__in=FINAL).values_list("order_id", "order__version", "courier_id")
        return [Escort(str(order), version, courier) for order, version, courier in rows]
    finally:
        connection.close()
