"""A zone's fare: how it stands, and the verbs that move it. A change is a row, a step of its history and a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.consuming.positions import live_generation
from messaging.consuming.slots import SLOTS
from messaging.outbox import publish
from orders.city import city_now
from orders.models import FareStep, Pressure, Restaurant, ZoneFare

from .events import FareChanged
from .fare import Bounds, next_surcharge
from .ticks import number_at

GROUP = "pricing"
#: A zone's ticks may be this old (wall seconds); with older ones its surcharge goes back to the lowest.
SILENT_AFTER = 60


class WrongBounds(ValueError):
    """Nothing was changed: the bounds make no sense."""


@dataclass(frozen=True, slots=True)
class Fee:
    """What a restaurant's delivery costs now, minor units: `usual` without demand, `now` with it."""

    usual: int
    now: int

    @property
    def busy(self) -> bool:
        return self.now > self.usual


def standing_fare(zone: str) -> ZoneFare:
    """The zone's fare, or the one that it begins with (version 0, not saved)."""
    return ZoneFare.objects.filter(pk=zone).first() or _first(zone)


def fares_of(zones: Iterable[str]) -> dict[str, ZoneFare]:
    """The fares of many zones, in their order and in one query."""
    known = ZoneFare.objects.in_bulk()
    return {zone: known.get(zone) or _first(zone) for zone in zones}


def fee_of(restaurant: Restaurant) -> Fee:
    return Fee(restaurant.delivery_fee, restaurant.delivery_fee + standing_fare(restaurant.zone).surcharge)


def fees_of(restaurants: Iterable[Restaurant]) -> dict[int, Fee]:
    """Fees of many restaurants by id, in one query."""
    every = list(restaurants)
    fares = fares_of({each.zone for each in every})
    return {each.pk: Fee(each.delivery_fee, each.delivery_fee + fares[each.zone].surcharge) for each in every}


def reprice(pressures: Mapping[str, float]) -> int:
    """Move each zone's surcharge to what its smoothed pressure wants; how many moved."""
    return sum(_move(zone, pressures[zone], reason="demand") for zone in sorted(pressures))


def set_bounds(zone: str, *, lowest: int, highest: int) -> bool:
    """Keep a zone's surcharge within other bounds, minor units, from now on; whether that changed anything.

    Raises:
        WrongBounds: below zero, above what the settings allow, or the wrong way round.
    """
    if not 0 <= lowest <= highest <= settings.SURCHARGE_LIMIT:
        raise WrongBounds(f"bounds go from 0 to {settings.SURCHARGE_LIMIT}, the lowest first")
    with transaction.atomic():
        fare = _locked(zone)
        if (fare.lowest, fare.highest) == (lowest, highest):
            return False
        fare.lowest, fare.highest = lowest, highest
        fare.surcharge = min(highest, max(lowest, fare.surcharge))
        _write(fare, pressure=0.0, reason="bounds")
        return True


def calm_silent_zones() -> int:
    """Take back the surcharge of zones that no tick has come from for a minute: nobody knows that they are busy."""
    oldest = (number_at(timezone.now()) - SILENT_AFTER * Pressure.PER_SECOND) // SLOTS
    heard = Pressure.objects.filter(generation=live_generation(GROUP), bucket__gte=oldest).values_list("key", flat=True)
    raised = ZoneFare.objects.exclude(zone__in=heard.distinct()).values_list("zone", flat=True)
    return sum(_move(zone, 0.0, reason="silence") for zone in raised.order_by("zone"))


def _move(zone: str, smooth: float, *, reason: str) -> bool:
    # Nearly always nothing changes: then nothing is locked.
    if _wanted(standing_fare(zone), smooth) is None:
        return False
    with transaction.atomic():
        fare = _locked(zone)
        wanted = _wanted(fare, smooth)
        if wanted is None:
            return False
        fare.surcharge = wanted
        _write(fare, pressure=smooth, reason=reason)
        return True


def _wanted(fare: ZoneFare, smooth: float) -> int | None:
    """Another surcharge, or None where the fare stays."""
    wanted = next_surcharge(fare.surcharge, smooth, Bounds(fare.lowest, fare.highest))
    return None if wanted == fare.surcharge else wanted


def _first(zone: str) -> ZoneFare:
    lowest, highest = settings.SURCHARGE_BOUNDS
    return ZoneFare(zone=zone, surcharge=lowest, lowest=lowest, highest=highest, version=0)


def _locked(zone: str) -> ZoneFare:
    """The zone's row under its lock, made where there is none: two who make it at once meet at the key."""
    ZoneFare.objects.bulk_create([_first(zone)], ignore_conflicts=True)
    return ZoneFare.objects.select_for_update().get(pk=zone)


def _write(fare: ZoneFare, *, pressure: float, reason: str) -> None:
    fare.version += 1
    fare.save()
    told: dict[str, Any] = {
        "zone": fare.zone,
        "version": fare.version,
        "surcharge": fare.surcharge,
        "lowest": fare.lowest,
        "highest": fare.highest,
        "pressure": round(pressure, 3),
        "reason": reason,
    }
    at = city_now()
    event_id = publish(FareChanged(**told), key=fare.zone, sequence=fare.version, at=at)
    FareStep.objects.create(**told, event_id=event_id, told_at=at)
