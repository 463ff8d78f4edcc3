"""The Celery app and its one task; `BENCH_*` carries what varies."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from celery import Celery, signals

django.setup()

from django.db import transaction  # noqa: E402

from delivery.models import HELD, TAKEN, Assignment, Courier, Offer  # noqa: E402
from orders.city import CityAfter, CityNow, city_now, distance_metres  # noqa: E402
from orders.models import Order, OrderHistory, Status  # noqa: E402

_url = urlsplit(os.environ["BENCH_QUEUE_URL"])

app: Any = Celery("naive")
app.conf.update(
    broker_url=f"sqs://x:x@{_url.netloc}",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "predefined_queues": {"dispatch": {"url": _url.geturl()}},
        "region": os.environ["AWS_REGION"],
        "is_secure": False,
        "wait_time_seconds": 20,
        "polling_interval": 0,
    },
    task_default_queue="dispatch",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH_MULTIPLIER", "4")),
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)

_task: Any = app.task(name="dispatch.offer_order")


class NoCourier(Exception):
    """Everybody in the zone is busy."""


def accept(order_id: uuid.UUID) -> None:
    """The restaurant's request: the order is accepted, and the task published once that is committed."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        order.status = Status.ACCEPTED
        order.accepted_at = order.ready_by = city_now()
        note(order, "order.accepted")
        transaction.on_commit(lambda: offer_order.delay(str(order_id)))


@_task  # type: ignore[untyped-decorator]
def offer_order(order_id: str) -> None:
    """Offer the order to the nearest courier who has nothing to do."""
    with transaction.atomic():
        order = Order.objects.select_for_update(of=("self",)).select_related("restaurant").get(pk=order_id)
        if order.assignments.filter(state__in=TAKEN).exists():
            return
        courier = _lock_nearest(order)
        offer = Offer.objects.create(courier=courier, made_at=CityNow(), deadline=CityAfter(45))
        Assignment.objects.create(offer=offer, order=order, courier=courier)
        note(order, "offer.made")


def _lock_nearest(order: Order) -> Courier:
    here = (order.restaurant.latitude, order.restaurant.longitude)
    free = Courier.objects.filter(zone=order.zone, online=True).exclude(assignments__state__in=HELD)
    for near in sorted(
        free, key=lambda each: distance_metres((each.latitude, each.longitude), here, origin_latitude=here[0])
    ):
        courier = Courier.objects.select_for_update().get(pk=near.pk)
        # Another task may have had the lock, and the courier, first.
        if not courier.assignments.filter(state__in=HELD).exists():
            return courier
    raise NoCourier(order.zone)


def note(order: Order, kind: str) -> None:
    order.version += 1
    order.save()
    OrderHistory.objects.create(
        order=order,
        sequence=order.version,
        event_id=uuid.uuid4(),
        type=kind,
        old_status=order.status,
        new_status=order.status,
        actor_role="system",
        payload={},
        at=city_now(),
    )


@signals.worker_ready.connect
def tell_starter(**_: Any) -> None:
    Path(os.environ["FORKROAD_READY_FILE"]).touch()
