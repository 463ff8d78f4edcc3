"""What somebody said about a kind of notice on a channel; where they said nothing, the kind's default holds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from .notice import Channel


class Preference(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=32)
    channel = models.CharField(max_length=8, choices=Channel)
    wanted = models.BooleanField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "channel"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'yes' if self.wanted else 'no'}"
