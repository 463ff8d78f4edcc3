"""Each time a worker received a command: the SQS half of an order's story."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class TaskRun(models.Model):
    class Outcome(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    task_id = models.UUIDField(db_index=True)
    task = models.CharField(max_length=120)
    queue = models.CharField(max_length=120)
    key = models.CharField(max_length=120, blank=True, db_index=True, help_text="order id, zone, …")
    receive_count = models.PositiveIntegerField(default=1)
    worker = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.task} {self.key} (receive {self.receive_count}: {self.outcome})"
