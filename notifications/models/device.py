"""A browser that takes push messages: the address and the two keys that its push service gave it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Device(models.Model):
    """One subscription; the browser may be signed in as somebody else later, and then it is theirs."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices")
    endpoint = models.URLField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=100, help_text="the browser's public key, base64url")
    auth = models.CharField(max_length=40, help_text="the shared secret, base64url")
    label = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.label or f"device {self.pk}"
