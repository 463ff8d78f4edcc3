"""Messages of both roads that could not be handled, in one table, with what is needed to send them again."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class DeadLetter(models.Model):
    class State(models.TextChoices):
        OPEN = "open"
        REDRIVEN = "redriven"
        DISCARDED = "discarded"

    road = models.CharField(max_length=8, choices=[("kafka", "Kafka"), ("sqs", "SQS")])
    source = models.CharField(max_length=200, help_text="queue, or topic")
    group = models.CharField(max_length=80, blank=True, help_text="consumer group of a Kafka record")
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    message_id = models.CharField(max_length=120, blank=True)
    type = models.CharField(max_length=120, blank=True)
    key = models.CharField(max_length=120, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    receive_count = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    stack = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    arrived_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Copied by a drainer that may be killed between copy and delete: the second copy must meet the first.
            models.UniqueConstraint(
                fields=["source", "message_id"], condition=models.Q(road="sqs"), name="dead_command_once"
            ),
            models.UniqueConstraint(
                fields=["group", "source", "partition", "offset"],
                condition=models.Q(road="kafka"),
                name="dead_record_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "arrived_at"], name="dead_letter_state")]

    def __str__(self) -> str:
        return f"{self.road} {self.source} {self.type or self.message_id} ({self.state})"
