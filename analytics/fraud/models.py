"""The fraud group's tables: profiles, which a replay builds again, and what was decided, which it does not.

A decision says what was known at a moment, and partitions are read in no fixed order: made again it might come out
otherwise, and it was acted upon. So decisions and cases are records, not a read model, and belong to no generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models
from django.db.models.functions import Now

from .profiles import Profile

if TYPE_CHECKING:
    from datetime import timedelta


class FraudProfile(models.Model):
    """What the stream told of one account, card, device, door, courier or rule (`analytics.fraud.profiles`)."""

    generation = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    token = models.CharField(max_length=60)
    state = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "kind", "token"], name="fraud_profile_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.token}"

    @property
    def profile(self) -> Profile:
        """The state as the rules see it."""
        return msgspec.convert(self.state or {}, Profile)


class FraudDecision(models.Model):
    """One score of an order at one stage, with the rules and features that made it."""

    order_id = models.UUIDField()
    stage = models.CharField(max_length=10, help_text="placed, authorised, declined, refund or linked")
    account = models.BigIntegerField()
    score = models.PositiveIntegerField()
    rules = models.JSONField(help_text="name → points, of those that held")
    features = models.JSONField(help_text="those that are not 0")
    because_of = models.UUIDField(null=True, help_text="the order whose suspicion falls on this one, where linked")
    at = models.DateTimeField(help_text="city time of what was judged")
    recorded_at = models.DateTimeField(null=True, help_text="wall time of the event's transaction")
    decided_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_id", "stage"], name="fraud_decision_once")]
        indexes = [models.Index(fields=["account", "-at"], name="fraud_decision_account")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.stage}: {self.score}"

    @property
    def took(self) -> timedelta | None:
        """From the event's transaction to the decision's, wall time."""
        return self.decided_at - self.recorded_at if self.recorded_at else None


class FraudCase(models.Model):
    """An order over the line, for a person to look at: one an order, whatever was decided of it how often."""

    class Verdict(models.TextChoices):
        OPEN = "", "open"
        GENUINE = "genuine"
        FRAUD = "fraud"

    order_id = models.UUIDField(primary_key=True)
    account = models.BigIntegerField()
    card = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=40, blank=True)
    door = models.CharField(max_length=40, blank=True)
    courier = models.BigIntegerField(default=0)
    stage = models.CharField(max_length=10)
    score = models.PositiveIntegerField()
    rules = models.JSONField(help_text="name → points, of those that held when it was opened")
    opened_at = models.DateTimeField(help_text="city time")
    created_at = models.DateTimeField(db_default=Now(), help_text="wall time")
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default=Verdict.OPEN)
    note = models.CharField(max_length=200, blank=True, help_text="the reviewer's; never in events")
    reviewer_id = models.BigIntegerField(null=True)
    judged_at = models.DateTimeField(null=True, help_text="wall time")

    class Meta:
        indexes = [
            models.Index(fields=["-score", "created_at"], condition=models.Q(verdict=""), name="fraud_case_open"),
            models.Index(fields=["-created_at"], name="fraud_case_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.score} {self.verdict or 'open'}"

    @property
    def number(self) -> str:
        """What people call its order."""
        return str(self.order_id).replace("-", "")[:8].upper()

    @property
    def listed_rules(self) -> list[tuple[str, int, str]]:
        """Name, points and reason of each, weightiest first."""
        from .rules import BY_NAME

        found: dict[str, Any] = self.rules
        rows = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [(name, points, BY_NAME[name].reason if name in BY_NAME else name) for name, points in rows]
