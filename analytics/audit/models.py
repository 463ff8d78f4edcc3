"""The audit group's tables. Triggers refuse to change or remove entries and checkpoints, whoever tries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

if TYPE_CHECKING:
    TextFieldBase = models.TextField[Any, Any]
else:
    TextFieldBase = models.TextField


class WrittenJSON(TextFieldBase):
    """JSON kept as the very text that was written: jsonb would change its bytes, and refuses what JSON allows."""

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else json.dumps(value)


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
    actor_id = models.BigIntegerField(null=True, help_text="the account, where there is one")
    payload = WrittenJSON()
    position = models.BigIntegerField(
        null=True, help_text="1 for a partition's first entry; none from before the chain"
    )
    hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 over the hash before and this entry")

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [
            models.UniqueConstraint(fields=["generation", "event_id"], name="audit_event_once"),
            models.UniqueConstraint(
                fields=["generation", "topic", "partition", "position"], name="audit_position_once"
            ),
        ]
        indexes = [
            # The key alone: a stream's few entries share one place in it, at a fifth of the size.
            models.Index(fields=["key"], name="audit_key"),
            BrinIndex(fields=["recorded_at"], name="audit_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.key} {self.topic}[{self.partition}]@{self.offset}"


class Signed(models.Model):
    """A chain's hash after `count` entries, the last of them at `offset`, signed with a key the database has not."""

    generation = models.PositiveIntegerField()
    topic = models.CharField(max_length=200)
    partition = models.PositiveIntegerField()
    count = models.BigIntegerField()
    offset = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] after {self.count}: {self.hash[:12]}"


class AuditHead(Signed):
    """Where each partition's chain goes on; moved with each batch."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "topic", "partition"], name="audit_head_once"),
        ]


class AuditCheckpoint(Signed):
    """Every thousandth entry of a partition; never changed."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "topic", "partition", "count"], name="audit_checkpoint_once"),
        ]
