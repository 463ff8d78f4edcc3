"""An order's way as its customer sees it: which steps are behind it, which one is on, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .models import Order, Status

#: status, its words while it is still to come or on, its words once it is past, icon
ROAD: list[tuple[Status, str, str, str]] = [
    (Status.PLACED, "Placed", "Placed", "bag"),
    (Status.PAID, "Paying", "Paid", "card"),
    (Status.ACCEPTED, "Waiting for the restaurant", "Accepted", "pan"),
    (Status.READY, "Being prepared", "Ready at the counter", "counter"),
    (Status.PICKED_UP, "Waiting for the courier", "Picked up", "bike"),
    (Status.DELIVERED, "On its way to you", "Delivered", "door"),
]

ENDINGS: dict[str, str] = {
    Status.PAYMENT_FAILED: "The payment failed",
    Status.REJECTED: "The restaurant could not take it",
    Status.CANCELLED: "Cancelled",
    Status.UNDELIVERABLE: "No courier could bring it",
}


#: What is happening, and what comes next.
MEANING: dict[str, str] = {
    Status.PLACED: "Your bank is asked now. The restaurant hears of your order as soon as the payment is approved.",
    Status.PAID: "The payment is approved. The restaurant says in a moment whether it can cook it, and how long that"
    " takes; if it does not answer, the order is given up and nothing is charged.",
    Status.ACCEPTED: "The restaurant is cooking. A courier is sent in time to be there when it is ready.",
    Status.READY: "It is packed and waits at the counter. The courier picks it up next.",
    Status.PICKED_UP: "Your courier has it. The times and the map follow them to your door.",
    Status.DELIVERED: "It was handed over. If something is not right, say so below: money comes back piece by piece.",
    Status.PAYMENT_FAILED: "Nothing was charged. Order it again below, and choose another card.",
    Status.REJECTED: "Nothing was charged: what was held on your card is let go.",
    Status.CANCELLED: "Nothing was charged: what was held on your card is let go.",
    Status.UNDELIVERABLE: "We are sorry. Nothing was charged: what was held on your card is let go.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, now, later, or end for an order that ended early."""

    name: str
    icon: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    steps: list[Step]
    headline: str
    meaning: str
    ended_early: bool


def track(order: Order) -> Track:
    """The steps of one order, read from its history in one query."""
    times: dict[str, datetime] = {}
    reason = ""
    for fact in order.history.all():
        if fact.old_status != fact.new_status or fact.type == "order.placed":
            times[fact.new_status] = fact.at
            reason = fact.reason
    early = order.status in ENDINGS
    steps = []
    for status, pending, past, icon in ROAD:
        if status in times:
            steps.append(Step(past, icon, "done", times[status]))
        elif early:
            steps.append(Step(ENDINGS[order.status], "cross", "end", times.get(order.status), reason.replace("_", " ")))
            break
        else:
            first_open = not steps or steps[-1].state == "done"
            steps.append(Step(pending if first_open else past, icon, "now" if first_open else "later"))
    shown = [step for step in steps if step.state in ("now", "end")]
    headline = shown[0].name if shown else "Delivered"
    return Track(steps=steps, headline=headline, meaning=MEANING[order.status], ended_early=early)
