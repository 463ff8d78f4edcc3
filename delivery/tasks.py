"""Commands of the queue `dispatch`."""

from __future__ import annotations

from messaging.tasks import command

from . import couriers, dispatch


@command("delivery.dispatch_zone")
def dispatch_zone(*, zone: str, since: str = "") -> None:
    """The zone has work since that transaction: an order to offer, or a courier who is free."""
    dispatch.dispatch(zone, since=since)


@command("delivery.release")
def release(*, order: str) -> None:
    """An order ended: let go of the courier it was offered to or carried by."""
    couriers.release(order)
