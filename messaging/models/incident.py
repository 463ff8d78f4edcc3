"""Something that needs a person. Opened once for as long as it lasts, not once an event."""

from __future__ import annotations

from django.db import connection, models
from django.db.models.functions import Now


class Incident(models.Model):
    kind = models.CharField(max_length=60, help_text="what went wrong: undispatched, parked_key, outbox_age, …")
    subject = models.CharField(max_length=120, help_text="what it happened to: an order id, a zone, a group")
    message = models.TextField()
    opened_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(resolved_at__isnull=True), name="incident_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"


def open_incident(kind: str, subject: str, message: str) -> bool:
    """Open an incident unless the same one is open already; True when this call opened it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_incident (kind, subject, message) VALUES (%s, %s, %s)"
            " ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING",
            [kind, subject, message],
        )
        opened: bool = cursor.rowcount == 1
        return opened


def resolve_incident(kind: str, subject: str) -> bool:
    """Close the open incident of this kind and subject; False when none was open."""
    return Incident.objects.filter(kind=kind, subject=subject, resolved_at=None).update(resolved_at=Now()) == 1
