"""Something that needs a person. Opened once for as long as it lasts, not once an event."""

from __future__ import annotations

from django.db import connection, models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now


class Severity(models.TextChoices):
    """`critical` rings at once, `warning` when nobody takes it up in time."""

    CRITICAL = "critical"
    WARNING = "warning"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        return self.filter(resolved_at=None)

    def unattended(self) -> IncidentQuerySet:
        """Open, and nobody has said that they look after it."""
        return self.open().filter(acknowledged_at=None)

    def by_need(self) -> IncidentQuerySet:
        """What needs a hand first comes first: open, not taken up, critical, escalated, and among those the oldest."""
        return self.order_by(
            Case(When(resolved_at=None, then=0), default=1),
            Case(When(acknowledged_at=None, then=0), default=1),
            Case(When(severity=Severity.CRITICAL, then=0), default=1),
            Case(When(escalated_at=None, then=1), default=0),
            Case(When(resolved_at=None, then=F("opened_at")), default=Value(None)),
            F("resolved_at").desc(nulls_last=True),
        )


class Incident(models.Model):
    kind = models.CharField(max_length=60, help_text="what went wrong: undispatched, parked_key, outbox_age, …")
    subject = models.CharField(max_length=120, help_text="what it happened to: an order id, a zone, a group")
    message = models.TextField()
    severity = models.CharField(max_length=10, choices=Severity, db_default=Severity.WARNING)
    opened_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.BigIntegerField(null=True, help_text="account id")
    escalated_at = models.DateTimeField(null=True, help_text="nobody had acknowledged it in time")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.BigIntegerField(null=True, help_text="account id; none where it was over by itself")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(resolved_at__isnull=True), name="incident_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["-opened_at"], condition=Q(resolved_at__isnull=True), name="incident_open"),
            models.Index(fields=["subject"], name="incident_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"


class IncidentStep(models.Model):
    """What the system does about an incident, once: a command on the queue `alerts`, and what came of it."""

    class State(models.TextChoices):
        OWED = "owed"
        DONE = "done"
        SKIPPED = "skipped"

    class Moment(models.TextChoices):
        OPENED = "opened"
        ESCALATED = "escalated"
        RESOLVED = "resolved"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    task = models.CharField(max_length=60, help_text="the command's name")
    moment = models.CharField(max_length=10, choices=Moment)
    state = models.CharField(max_length=8, choices=State, db_default=State.OWED)
    outcome = models.CharField(max_length=300, blank=True, db_default="", help_text="in words, for people")
    made_at = models.DateTimeField(db_default=Now())
    called_at = models.DateTimeField(db_default=Now(), help_text="when its command was last owed to the queue")
    leased_until = models.DateTimeField(null=True, help_text="a worker is about it until then")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "task", "moment"], name="incident_step_once"),
        ]
        indexes = [models.Index(fields=["called_at"], condition=Q(state="owed"), name="incident_step_owed")]

    def __str__(self) -> str:
        return f"{self.task} of incident {self.incident_id} ({self.state})"


def open_incident(kind: str, subject: str, message: str) -> bool:
    """Open an incident unless the same one is open already; True when this call opened it.

    Its severity is its rule's. What the rule wants done, the sweeper owes to the queue within a second: whoever opens
    an incident may be in the middle of anything.
    """
    # Imported late: rules name the severities above.
    from messaging.alerting.rules import rule_of

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_incident (kind, subject, message, severity) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING",
            [kind, subject, message, rule_of(kind).severity],
        )
        opened: bool = cursor.rowcount == 1
        return opened


def resolve_incident(kind: str, subject: str) -> bool:
    """Close the open incident of this kind and subject; False when none was open."""
    return Incident.objects.filter(kind=kind, subject=subject, resolved_at=None).update(resolved_at=Now()) == 1
