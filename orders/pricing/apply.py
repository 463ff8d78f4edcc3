"""The group `pricing`: ticks into buckets, and from the smoothed pressure of fresh ones each zone's fare.

Buckets are the read model: a replay counts them again. A fare is a decision about now, made by the live generation
alone and from ticks of this minute: a group that was stopped catches up without charging for what is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone

from messaging.consuming.positions import SCRATCH, live_number
from messaging.consuming.slots import SLOTS, count
from messaging.envelope import Envelope
from orders.models import Pressure

from . import fares
from .fare import MEMORY, pressure, smoothed
from .ticks import PER_SECOND, number_at, samples

#: Wall seconds of a bucket, and buckets that are kept: an hour of the zone's own time.
BUCKET = SLOTS / PER_SECOND
KEPT = int(3600 / BUCKET)


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler."""
    touched = count(Pressure, ("demand", "supply"), samples(events), generation=generation, keep=KEPT)
    if touched and generation != SCRATCH and generation == live_number(fares.GROUP):
        fares.reprice(pressures(generation, touched))


def pressures(generation: int, zones: Iterable[str]) -> dict[str, float]:
    """Smoothed pressure of those zones whose newest bucket is of this minute."""
    now = number_at(timezone.now())
    oldest = (now - (fares.SILENT_AFTER + int(MEMORY)) * PER_SECOND) // SLOTS
    rows: dict[str, list[Pressure]] = {}
    for row in Pressure.objects.filter(generation=generation, key__in=list(zones), bucket__gte=oldest):
        rows.setdefault(row.key, []).append(row)
    return {
        zone: smooth_pressure(buckets)
        for zone, buckets in rows.items()
        if now - max(row.bucket for row in buckets) * SLOTS < fares.SILENT_AFTER * PER_SECOND
    }


def smooth_pressure(buckets: Sequence[Pressure]) -> float:
    """As of the newest of these buckets of one zone."""
    newest = max(row.bucket for row in buckets)
    means = [((newest - row.bucket) * BUCKET, row.demand / row.ticks, row.supply / row.ticks) for row in buckets]
    return smoothed((age, pressure(demand, supply)) for age, demand, supply in means)
