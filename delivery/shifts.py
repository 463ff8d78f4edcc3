"""Going on and off shift, for a courier whose row is locked already."""

from __future__ import annotations

from datetime import datetime

from messaging.envelope import Event
from messaging.outbox import publish
from orders.city import CityNow, city_now

from .events import CourierOffline, CourierOnline
from .models import Courier, Shift


def open_shift(courier: Courier, *, until: datetime | None) -> None:
    """Put a locked courier on shift; `until` is the planned end, city time."""
    at = city_now()
    Shift.objects.create(courier=courier, started_at=at, until=until)
    courier.online = True
    courier.timeouts = 0
    # It has begun; what they announced for later stands.
    courier.announced.filter(starts_at__lte=at).delete()
    _record(courier, CourierOnline(courier_id=courier.pk, zone=courier.zone_id, until=until), at=at)


def close_shift(courier: Courier, *, reason: str) -> None:
    """Take a locked courier off shift; what they carry stays theirs to deliver."""
    Shift.objects.filter(courier=courier, ended_at=None).update(ended_at=CityNow())
    courier.online = False
    courier.timeouts = 0
    _record(courier, CourierOffline(courier_id=courier.pk, zone=courier.zone_id, reason=reason), at=city_now())


def _record(courier: Courier, event: Event, *, at: datetime) -> None:
    courier.version += 1
    courier.save(update_fields=["online", "timeouts", "version"])
    publish(event, key=str(courier.pk), sequence=courier.version, at=at)
