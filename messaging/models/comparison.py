"""Runs of the comparison: what `/compare` shows, and who plays one now."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ComparisonRun(models.Model):
    """One run, asked for, under way or ended (wall time). Two at a time would measure each other, so one is open."""

    asked_at = models.DateTimeField(db_default=Now())
    begun_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="its player's last sign of life")
    ended_at = models.DateTimeField(null=True)
    statements = models.JSONField(default=list, help_text="names of those to be played")
    results = models.JSONField(default=list, help_text="one object for each that was played")
    quick = models.BooleanField(default=False, help_text="with fewer messages")
    error = models.TextField(blank=True, help_text="what ended it early")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ended_at"],
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
                name="one_open_comparison",
            )
        ]

    def __str__(self) -> str:
        return f"comparison {self.pk}: {len(self.results)} of {len(self.statements)}"

    @property
    def current(self) -> str:
        """The name of the statement that is played now; empty before the first and after the last."""
        done = len(self.results)
        return self.statements[done] if self.begun_at and not self.ended_at and done < len(self.statements) else ""
