"""What the operator's page shows of fares: each zone as it stands, and how it came to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from messaging.consuming.positions import live_generation
from messaging.consuming.slots import SLOTS
from orders.models import FareStep, Pressure, Restaurant, ZoneFare

from .apply import BUCKET, smooth_pressure
from .fare import MEMORY, pressure
from .fares import GROUP, SILENT_AFTER, fares_of
from .ticks import number_at


@dataclass(frozen=True, slots=True)
class Pressed:
    """Pressure of five seconds, and smoothed as of their end; `at` is wall time."""

    at: datetime
    value: float
    smooth: float


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """A zone's fare, minor units, with what led to it; `why` in a sentence."""

    zone: str
    fare: ZoneFare
    demand: float | None
    supply: float | None
    pressures: list[Pressed]
    steps: list[tuple[datetime, float]]
    why: str

    @property
    def name(self) -> str:
        return self.zone.replace("-", " ")


def zones(span: timedelta) -> list[ZoneNow]:
    """Every zone that has a restaurant, by name, with its last minutes (wall time)."""
    now = timezone.now()
    names = list(Restaurant.objects.order_by("zone").values_list("zone", flat=True).distinct())
    fares, buckets, steps = fares_of(names), _buckets(now - span), _steps(now - span)
    return [_now(fare, buckets.get(zone, []), steps.get(zone, []), now, span) for zone, fare in fares.items()]


def latest_steps(*, limit: int = 20) -> QuerySet[FareStep]:
    """Changes of fares, latest first."""
    return FareStep.objects.order_by("-at", "-version")[:limit]


def _buckets(since: datetime) -> dict[str, list[Pressure]]:
    """Each zone's from a wall time on, and those before it that smoothing remembers; oldest first."""
    first = (number_at(since) - int(MEMORY * Pressure.PER_SECOND)) // SLOTS
    found: dict[str, list[Pressure]] = {}
    for row in Pressure.objects.filter(generation=live_generation(GROUP), bucket__gte=first).order_by("key", "bucket"):
        found.setdefault(row.key, []).append(row)
    return found


def _steps(since: datetime) -> dict[str, list[FareStep]]:
    """Each zone's changes from a wall time on, and the last one before."""
    before = FareStep.objects.filter(at__lt=since).order_by("zone", "-version").distinct("zone")
    found = {step.zone: [step] for step in before}
    for step in FareStep.objects.filter(at__gte=since).order_by("version"):
        found.setdefault(step.zone, []).append(step)
    return found


def _now(
    fare: ZoneFare, rows: Sequence[Pressure], steps: Sequence[FareStep], now: datetime, span: timedelta
) -> ZoneNow:
    pressures = [
        Pressed(
            row.began,
            pressure(row.demand / row.ticks, row.supply / row.ticks),
            smooth_pressure(rows[max(0, place - int(MEMORY / BUCKET)) : place + 1]),
        )
        for place, row in enumerate(rows)
        if row.began >= now - span
    ]
    last = rows[-1] if rows and rows[-1].began > now - timedelta(seconds=SILENT_AFTER) else None
    begins = steps[0].surcharge if steps and steps[0].at < now - span else settings.SURCHARGE_BOUNDS[0]
    drawn = [(step.at, float(step.surcharge)) for step in steps if step.at >= now - span]
    return ZoneNow(
        zone=fare.zone,
        fare=fare,
        demand=last.demand / last.ticks if last else None,
        supply=last.supply / last.ticks if last else None,
        pressures=pressures,
        steps=[(now - span, float(begins)), *drawn, (now, float(fare.surcharge))],
        why=_why(fare, pressures[-1].smooth if last and pressures else None),
    )


def _why(fare: ZoneFare, smooth: float | None) -> str:
    if smooth is None:
        return "no tick for a minute: the lowest surcharge"
    if fare.highest == 0:
        return "its bounds allow no surcharge"
    if fare.surcharge > fare.lowest:
        return f"{smooth:.1f} orders wait for each courier free"
    return "enough couriers are free"
