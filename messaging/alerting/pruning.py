"""Incidents that are long over are forgotten, and what was done about them with them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from messaging.models import Incident, IncidentStep

#: Incidents removed in one call, each with a handful of steps: the rest waits for the next.
BATCH = 500


def prune_incidents() -> int:
    """Remove what was over INCIDENT_DAYS ago; how many incidents went. What is open, or still owes a step, stays."""
    owed = IncidentStep.objects.filter(incident=OuterRef("pk"), state=IncidentStep.State.OWED)
    over = Incident.objects.filter(resolved_at__lt=Now() - timedelta(days=settings.INCIDENT_DAYS))
    found = list(over.exclude(Exists(owed)).order_by("pk").values_list("pk", flat=True)[:BATCH])
    Incident.objects.filter(pk__in=found).delete()
    return len(found)
