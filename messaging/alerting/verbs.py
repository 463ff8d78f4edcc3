"""What people do with an incident: say that they look after it, say that it is over."""

from __future__ import annotations

from django.db.models.functions import Now

from messaging.models import Incident


def acknowledge(incident_id: int, *, by: int) -> bool:
    """Look after it, so that it is not escalated; `by` is an account. False where somebody does, or it is over."""
    return Incident.objects.unattended().filter(pk=incident_id).update(acknowledged_at=Now(), acknowledged_by=by) == 1


def resolve(incident_id: int, *, by: int) -> bool:
    """Say that it is over; False where it was. What still lasts is told again after `watching.SNOOZE`."""
    return Incident.objects.open().filter(pk=incident_id).update(resolved_at=Now(), resolved_by=by) == 1
