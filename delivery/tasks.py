"""Commands of the queue `dispatch`."""

from __future__ import annotations

from messaging.tasks import command

from . import couriers, dispatch, holds
from . import responses as responses


@command("delivery.dispatch_zone")
def dispatch_zone(*, zone: str, since: str = "") -> None:
    """The zone has work since that transaction: an order to offer, or a courier who is free."""
    dispatch.dispatch(zone, since=since)


@command("delivery.release")
def release(*, order: str) -> None:
    """An order ended: let go of the courier it was offered to or carried by."""
    couriers.release(order)


@command("delivery.hold_order")
def hold_order(*, order: str, score: int, rules: str) -> None:
    """A fraud score is over the line: ask no courier until a reviewer has looked. `rules` are names with commas.

    They are not state that may have moved on since: the fact that is written tells on what ground it was held.
    """
    holds.hold(order, score=score, rules=[name for name in rules.split(",") if name])
