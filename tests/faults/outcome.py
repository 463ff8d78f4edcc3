"""What must hold of orders after a fault on the road through SQS: an end, one courier, nothing left over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from config.verify import couriers, drained, history
from messaging.models import OutboxRow, Road, TaskRun
from messaging.names import QUEUES
from orders.models import FINAL, Order, Payment, Status
from tests.messaging.sqs.workers import depth
from tests.waiting import wait_for

State = Payment.State

#: I1, I2 and I7 as `manage.py verify` asks for them.
CHECKS = (
    couriers.one_courier,
    couriers.history_names_one_courier,
    couriers.within_capacity,
    couriers.accepted_orders_ended,
    history.history_is_whole,
    drained.outbox_is_empty,
    drained.no_dead_letters,
)

#: A delivered order's whole history where nothing was declined, expired or called off.
STRAIGHT = [
    "order.placed",
    "order.paid",
    "order.accepted",
    "order.ready",
    "offer.made",
    "courier.assigned",
    "order.picked_up",
    "order.delivered",
]


def await_ended(orders: Sequence[Order], *, within: float) -> None:
    """Wait until each of these orders has ended and its money is captured or let go."""
    ids = [order.pk for order in orders]

    def all_ended() -> bool:
        states = Order.objects.filter(pk__in=ids).values_list("pk", "status", "payment__state")
        open_still = [
            (str(pk), status, money)
            for pk, status, money in states
            if status not in FINAL or money in (State.PENDING, State.AUTHORISED)
        ]
        assert open_still == [], open_still
        return True

    wait_for(all_ended, within=within, what=f"{len(orders)} orders to end", every=0.05)


def await_drained(*, within: float, queues: Collection[str] = tuple(set(QUEUES.values()))) -> None:
    """Wait until the outbox owes SQS nothing and each queue is empty, with nothing in any worker's hands."""
    wait_for(lambda: not OutboxRow.objects.filter(road=Road.SQS).exists(), within=within, what="an empty outbox")

    def empty() -> bool:
        left = {queue: depth(queue) for queue in queues if depth(queue) != (0, 0)}
        assert left == {}, left
        return True

    wait_for(empty, within=within, what="empty queues", every=0.1)


def assert_kept(*, apart_from: Collection[str] = ()) -> None:
    """Demand I1, I2 and I7 of all there is, but for the checks named."""
    wait_for(lambda: not OutboxRow.objects.exists(), within=10, what="an empty outbox")
    found = {
        check.__name__: [f"{violation.subject} {violation.detail}" for violation in check()]
        for check in CHECKS
        if check.__name__ not in apart_from
    }
    assert not any(found.values()), {name: what for name, what in found.items() if what}


def assert_delivered(orders: Sequence[Order]) -> None:
    """Each was brought by one courier, and its money taken; no more happened to it than to any other."""
    for order in Order.objects.filter(pk__in=[order.pk for order in orders]).select_related("payment"):
        assert (order.status, order.payment.state) == (Status.DELIVERED, State.CAPTURED), str(order.pk)
        told = list(order.history.order_by("sequence").values_list("type", flat=True))
        assert sorted(told) == sorted(STRAIGHT), f"{order.pk}: {told}"


def running(task: str) -> list[str]:
    """Keys of the commands of this name that a worker is at now, as far as it could write down."""
    found = TaskRun.objects.filter(task=task, outcome=TaskRun.Outcome.RUNNING)
    return list(found.values_list("key", flat=True))
