"""What pages and checks read of the audit: always the live generation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from messaging.consuming.positions import live_generation

from .models import AuditEntry, AuditHead

GROUP = "audit"


def entries() -> QuerySet[AuditEntry]:
    """All entries."""
    return AuditEntry.objects.filter(generation=live_generation(GROUP))


def story(order_id: uuid.UUID | str) -> QuerySet[AuditEntry]:
    """One order's events in their order, each with topic, partition and offset."""
    return entries().filter(topic="orders.events", key=str(order_id)).order_by("sequence")


def where_events_stand(event_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, int, int]]:
    """Topic, partition and offset of each of these events that the audit has read."""
    rows = entries().filter(event_id__in=list(event_ids))
    return {
        event_id: (topic, partition, offset)
        for event_id, topic, partition, offset in rows.values_list("event_id", "topic", "partition", "offset")
    }


def heads() -> QuerySet[AuditHead]:
    """Where each partition's chain stands."""
    return AuditHead.objects.filter(generation=live_generation(GROUP)).order_by("topic", "partition")
