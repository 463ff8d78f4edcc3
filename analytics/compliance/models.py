"""The compliance group's records. What was shown, set, charged and taken is added and never changed: a trigger refuses.

The verdict on an order is not written down but follows from the records (`selectors.py`): topics keep no order between
them, so that a charge may be read before its quote, and nothing has to be changed when the quote comes.
"""

from __future__ import annotations

from django.db import models


class FareRecord(models.Model):
    """A zone's surcharge and bounds from `at` (wall time) on; minor units."""

    generation = models.PositiveIntegerField()
    zone = models.CharField(max_length=60)
    version = models.BigIntegerField()
    surcharge = models.BigIntegerField()
    lowest = models.BigIntegerField()
    highest = models.BigIntegerField()
    pressure = models.FloatField()
    reason = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "zone", "version"], name="fare_record_once")]

    def __str__(self) -> str:
        return f"{self.zone} #{self.version} +{self.surcharge}"


class QuoteRecord(models.Model):
    """A fee that was shown, and until when (wall time) it was to be charged; minor units."""

    generation = models.PositiveIntegerField()
    quote_id = models.UUIDField()
    restaurant_id = models.BigIntegerField()
    zone = models.CharField(max_length=60)
    fare_version = models.BigIntegerField()
    usual = models.BigIntegerField()
    fee = models.BigIntegerField()
    lowest = models.BigIntegerField()
    highest = models.BigIntegerField()
    shown_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "quote_id"], name="quote_record_once")]

    def __str__(self) -> str:
        return f"{self.quote_id} {self.fee}"


class ChargeRecord(models.Model):
    """The fee in an order's total, and the quote that the order names; minor units, wall time."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    restaurant_id = models.BigIntegerField()
    zone = models.CharField(max_length=60)
    quote_id = models.UUIDField(null=True)
    fee = models.BigIntegerField()
    total = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="charge_record_once")]
        indexes = [models.Index(fields=["generation", "-at"], name="charge_record_newest")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.fee}"


class TakenRecord(models.Model):
    """The money that was taken for an order; minor units, wall time."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="taken_record_once")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.amount}"


class MarketSpan(models.Model):
    """Between which numbers a zone's market moved in a wall minute: what a surcharge is held against.

    Least and most alone, for they are the same however often and in whatever order the ticks come.
    """

    generation = models.PositiveIntegerField()
    zone = models.CharField(max_length=60)
    minute = models.BigIntegerField(help_text="minutes since 1970")
    least_demand = models.BigIntegerField()
    most_demand = models.BigIntegerField()
    least_supply = models.BigIntegerField()
    most_supply = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "zone", "minute"], name="market_span_once")]

    def __str__(self) -> str:
        return f"{self.zone} minute {self.minute}"
