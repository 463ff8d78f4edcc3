"""Keeping incidents true to what lasts: opened while it does, closed when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models.functions import Now

from messaging.models.incident import Incident, open_incident, resolve_incident

#: Wall time for which an incident that a person resolved is not opened again, though what it told of lasts.
SNOOZE = timedelta(minutes=30)
#: Subjects told of in one look: past that nobody reads a list.
MOST = 100


def keep(kind: str, found: Mapping[str, str]) -> int:
    """Make the open incidents of a kind those that were found (subject → message); how many were opened or closed."""
    opened = tell(kind, found)
    over = Incident.objects.open().filter(kind=kind).exclude(subject__in=list(found))
    return opened + sum(resolve_incident(kind, subject) for subject in over.values_list("subject", flat=True))


def tell(kind: str, found: Mapping[str, str]) -> int:
    """Open what was found, and close nothing: somebody else knows when it is over."""
    put_off = Incident.objects.filter(kind=kind, resolved_by__isnull=False, resolved_at__gt=Now() - SNOOZE)
    snoozed = set(put_off.values_list("subject", flat=True))
    known = set(Incident.objects.open().filter(kind=kind).values_list("subject", flat=True))
    fresh = [subject for subject in found if subject not in snoozed | known][:MOST]
    return sum(open_incident(kind, subject, found[subject]) for subject in fresh)
