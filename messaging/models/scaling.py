"""What the scaler of workers saw and did: one row a look while there is something to see."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ScalingSample(models.Model):
    """A pool of workers at one moment (wall time). `reason` is empty where nothing was changed; pruned by age."""

    at = models.DateTimeField(db_default=Now())
    pool = models.CharField(max_length=60)
    waiting = models.PositiveIntegerField(help_text="messages that no worker holds")
    in_work = models.PositiveIntegerField(help_text="messages that workers hold")
    age_seconds = models.FloatField(help_text="the oldest message has waited no longer than this")
    workers = models.PositiveSmallIntegerField(help_text="processes that receive")
    wanted = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["pool", "at"], name="scaling_pool_at")]

    def __str__(self) -> str:
        return f"{self.pool}: {self.workers} workers, {self.waiting} waiting"
