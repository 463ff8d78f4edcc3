"""Replays asked for on a page: what is to be built again, how far that is, and what came of it."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now


class ReplayRun(models.Model):
    """One run, asked for, under way or ended (wall time). They read whole topics, so one is open at a time."""

    class Kind(models.TextChoices):
        REBUILD = "rebuild", "Rebuild and put in its place"
        COMPARE = "compare", "Dry run: rebuild, compare, change nothing"
        LOOK = "look", "Look at a window of time, change nothing"

    group = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    since = models.DateTimeField(null=True, help_text="of a look: only facts recorded since")
    until = models.DateTimeField(null=True, help_text="of a look: only facts recorded until")
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.BigIntegerField(null=True, help_text="account id")
    begun_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="its player's last sign of life")
    ended_at = models.DateTimeField(null=True)
    called_off = models.BooleanField(default=False, help_text="somebody wants it to end")
    read = models.BigIntegerField(default=0, help_text="records read so far")
    total = models.BigIntegerField(default=0, help_text="records to be read")
    events = models.BigIntegerField(default=0, help_text="events applied so far")
    outcome = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True, help_text="what ended it early")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ended_at"], condition=models.Q(ended_at=None), nulls_distinct=False, name="one_open_replay"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.group}: {self.read} of {self.total}"

    @property
    def seconds(self) -> float | None:
        """From its begin to its end, or to its player's last sign of life."""
        until = self.ended_at or self.seen_at
        return (until - self.begun_at).total_seconds() if until and self.begun_at else None

    @property
    def left(self) -> float | None:
        """Seconds that it may still take, at the pace so far."""
        if not self.seconds or not self.read or self.ended_at:
            return None
        return max(0, self.total - self.read) * self.seconds / self.read
