"""The audit group's table. A trigger (migration 0002) refuses UPDATE and DELETE, whoever tries."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One event and where it stands in Kafka."""

    generation = models.PositiveIntegerField()
    topic = models.CharField(max_length=200)
    partition = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    key = models.CharField(max_length=120)
    sequence = models.BigIntegerField(null=True)
    event_id = models.UUIDField()
    type = models.CharField(max_length=120)
    time = models.DateTimeField(help_text="city time of the fact")
    recorded_at = models.DateTimeField(null=True, help_text="wall time of the transaction that wrote it")
    actor_role = models.CharField(max_length=40, blank=True)
    payload = models.JSONField()

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [models.UniqueConstraint(fields=["generation", "event_id"], name="audit_event_once")]
        indexes = [models.Index(fields=["generation", "topic", "key", "sequence"], name="audit_story")]

    def __str__(self) -> str:
        return f"{self.type} {self.key} {self.topic}[{self.partition}]@{self.offset}"
