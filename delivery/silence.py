"""Couriers who took an order and then nothing happens: somebody must telephone."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Greatest

from messaging.models import Incident
from messaging.models.incident import open_incident, resolve_incident
from orders.city import CityAfter, the_city
from orders.models import Status

from .models import Assignment

#: The incident of an order whose courier took it and does not come, or does not arrive.
SILENT = "courier_silent"
#: City time that food waits at the counter for a courier who took it, before somebody asks where they are …
PICKUP_LATE = timedelta(minutes=20)
#: … and from pickup to door.
DOOR_LATE = timedelta(minutes=60)
#: However fast the city's clock runs, a person at a screen gets this long (wall seconds).
LEAST_WAIT_SECONDS = 60.0
#: Incidents opened in one pass.
BATCH = 100


def overdue() -> QuerySet[Assignment]:
    """Orders that are with a courier longer than anybody needs, by the city's clock.

    Told from the order's own stages, not from positions: those are lossy, and a phone in a pocket sends them too.
    """
    city = the_city()
    least = LEAST_WAIT_SECONDS * city.speed
    pickup, door = (max(span.total_seconds(), least) for span in (PICKUP_LATE, DOOR_LATE))
    since = Greatest("order__ready_at", "offer__answered_at")
    waits = Q(order__status=Status.READY, since__lt=CityAfter(-pickup))
    rides = Q(order__status=Status.PICKED_UP, order__picked_up_at__lt=CityAfter(-door))
    active = Assignment.objects.filter(state=Assignment.State.ACTIVE).annotate(since=since)
    return active.filter(waits | rides).select_related("order", "courier")


def watch_couriers() -> int:
    """Open an incident, once for each courier and order, where an order is overdue; close those that were settled."""
    late = overdue()
    told = Incident.objects.filter(
        kind=SILENT, subject=Cast(OuterRef("order"), CharField()), opened_at__gt=OuterRef("created_at")
    )
    changed = sum(_tell(job) for job in late.exclude(Exists(told)).order_by("pk")[:BATCH])
    subjects = late.annotate(subject=Cast(F("order"), CharField())).values("subject")
    settled = Incident.objects.filter(kind=SILENT, resolved_at=None).exclude(subject__in=subjects)
    return changed + sum(resolve_incident(SILENT, subject) for subject in settled.values_list("subject", flat=True))


def _tell(job: Assignment) -> bool:
    done = (
        "has it and has not brought it" if job.order.status == Status.PICKED_UP else "took it and has not come for it"
    )
    return open_incident(
        SILENT, str(job.order_id), f"order {job.order.number} in {job.order.zone}: {job.courier.name} {done}"
    )
