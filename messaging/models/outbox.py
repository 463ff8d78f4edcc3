"""The outbox: what a committed transaction still owes to Kafka or to SQS."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class Road(models.TextChoices):
    KAFKA = "kafka", "Kafka (event)"
    SQS = "sqs", "SQS (command)"


class OutboxRow(models.Model):
    """One message on its way out; deleted once its broker has acknowledged it.

    The id is drawn while the owning row is locked, so within a key ids rise in commit order: the relay may
    send a key's rows by id. Across keys ids say nothing about commits, so nobody may keep a cursor over them.
    """

    road = models.CharField(max_length=8, choices=Road)
    shard = models.SmallIntegerField(help_text="crc32(key) modulo the number of shards: a lane is (road, shard)")
    destination = models.CharField(max_length=120, help_text="topic of an event, queue of a command")
    type = models.CharField(max_length=120, help_text="event type, or the task's name")
    key = models.CharField(max_length=120)
    sequence = models.BigIntegerField(null=True, help_text="version of the owning row; commands have none")
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, help_text="event id, or the task's id")
    time = models.DateTimeField(help_text="city time of the fact")
    payload = models.BinaryField(help_text="the event's data or the command's keyword arguments, as JSON")
    traceparent = models.CharField(max_length=64, blank=True)
    delay_seconds = models.PositiveSmallIntegerField(default=0, help_text="SQS delay, at most 900")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="wall time of the writing transaction")
    attempts = models.PositiveIntegerField(db_default=0)
    last_error = models.TextField(blank=True, db_default="")
    next_try_at = models.DateTimeField(null=True, help_text="wall time before which the key waits")
    blocked = models.BooleanField(db_default=False, help_text="a permanent failure: this key waits for a person")

    class Meta:
        verbose_name = "outbox row"
        constraints = [
            # A stream is (topic, key); two facts with one number would be told apart by nobody.
            models.UniqueConstraint(
                fields=["destination", "key", "sequence"],
                condition=models.Q(road="kafka", sequence__isnull=False),
                name="outbox_stream_sequence_unique",
            ),
            models.CheckConstraint(condition=models.Q(delay_seconds__lte=900), name="outbox_delay_within_sqs_limit"),
        ]
        indexes = [
            models.Index(fields=["road", "shard", "id"], name="outbox_lane"),
            # Nearly always empty: the relay reads it before a batch without passing over the whole backlog.
            models.Index(
                fields=["road", "shard"],
                condition=models.Q(blocked=True) | models.Q(next_try_at__isnull=False),
                name="outbox_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.key} #{self.sequence if self.sequence is not None else '–'}"
