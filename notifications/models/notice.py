"""One notice to one person on one channel: promised once, tried until it is sent or there is a reason why not."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Channel(models.TextChoices):
    INBOX = "inbox", "Inbox"
    EMAIL = "email", "E-mail"
    PUSH = "push", "Push"


class Notice(models.Model):
    """Never a person's data: name and address are read from their account when it is sent."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        SKIPPED = "skipped"

    event_id = models.UUIDField(help_text="the fact that it tells of")
    # Without a constraint: an account that was deleted must not stop the stream of events that name it.
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="notices",
    )
    channel = models.CharField(max_length=8, choices=Channel)
    kind = models.CharField(max_length=32, help_text="see notifications/kinds.py")
    about = models.CharField(max_length=64, blank=True, db_default="", help_text="order id, restaurant id, …")
    facts = models.JSONField(default=dict, blank=True, db_default={}, help_text="ids, amounts and public words")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    reason = models.TextField(blank=True, db_default="", help_text="why it was skipped, has failed, or is tried again")
    attempts = models.PositiveIntegerField(db_default=0, default=0)
    provider_id = models.CharField(max_length=255, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False, help_text="wall time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "recipient", "channel"], name="notice_once")]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_of_person"),
            models.Index(
                fields=["recipient"],
                condition=models.Q(channel="inbox", state="sent", read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(fields=["id"], condition=models.Q(state__in=["queued", "sending"]), name="notice_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel} (notice {self.pk}: {self.state})"
