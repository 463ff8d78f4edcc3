"""The monitoring group's read model: a zone's market in buckets of five wall seconds, and what stood out."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models

from messaging.consuming.slots import SLOTS, Slots


class MarketBucket(Slots):
    """Five seconds of a zone's market: sums over the ticks that were heard."""

    demand = models.BigIntegerField()
    supply = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "key", "bucket"], name="market_bucket_once")]

    def __str__(self) -> str:
        return f"{self.key} at {self.began:%H:%M:%S}"


class Anomaly(models.Model):
    """A bucket that stood out, as its zone's market before it says. Neighbours of a kind are one episode."""

    class Kind(models.TextChoices):
        SPIKE = "spike", "demand jumps"
        STARVED = "starved", "orders wait and no courier is free"
        SILENT = "silent", "no ticks came"

    generation = models.PositiveIntegerField()
    zone = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind)
    bucket = models.BigIntegerField()
    value = models.FloatField(help_text="orders, or seconds of silence before the bucket")
    usual = models.FloatField(help_text="the median before, couriers free, or seconds allowed")

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [models.UniqueConstraint(fields=["generation", "zone", "kind", "bucket"], name="anomaly_once")]
        indexes = [models.Index(fields=["generation", "-bucket"], name="anomaly_newest")]

    def __str__(self) -> str:
        return f"{self.zone}: {self.kind} at {self.began:%H:%M:%S}"

    @property
    def began(self) -> datetime:
        """Wall time."""
        return datetime.fromtimestamp(self.bucket * SLOTS / MarketBucket.PER_SECOND, UTC)
