"""What a delivery costs above a restaurant's usual fee, and the quotes that promise it. Minor units, wall times."""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from messaging.consuming.slots import Slots

from .restaurant import Restaurant


class Pressure(Slots):
    """Five seconds of a zone's market, as the group `pricing` has heard it: sums over the ticks it saw."""

    demand = models.BigIntegerField()
    supply = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "pressure"
        constraints = [models.UniqueConstraint(fields=["generation", "key", "bucket"], name="pressure_once")]

    def __str__(self) -> str:
        return f"{self.key} at {self.began:%H:%M:%S}"


class ZoneFare(models.Model):
    """A zone's surcharge as it stands. A zone without a row has none, and the bounds of the settings."""

    zone = models.SlugField(primary_key=True)
    surcharge = models.PositiveIntegerField(default=0)
    lowest = models.PositiveIntegerField(default=0)
    highest = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its stream pricing.fees")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(surcharge__gte=F("lowest"), surcharge__lte=F("highest")), name="surcharge_within_bounds"
            )
        ]

    def __str__(self) -> str:
        return f"{self.zone} +{self.surcharge}"


class Told(models.Model):
    """A row that keeps what its event needs to be told once more, should the topic be lost."""

    event_id = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    told_at = models.DateTimeField(null=True, help_text="city time of its event")

    class Meta:
        abstract = True


class FareStep(Told):
    """A change of a zone's fare: what the page draws, and a quote's fare afterwards."""

    zone = models.SlugField()
    version = models.PositiveBigIntegerField()
    surcharge = models.PositiveIntegerField()
    lowest = models.PositiveIntegerField()
    highest = models.PositiveIntegerField()
    pressure = models.FloatField()
    reason = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "version"], name="fare_step_once")]
        indexes = [models.Index(fields=["zone", "at"], name="fare_step_at")]

    def __str__(self) -> str:
        return f"{self.zone} #{self.version} +{self.surcharge}"


class Quote(Told):
    """A fee that was shown. Nothing changes it (a trigger refuses), and an order that names it has its fee.

    One quote is shown to all who look at a restaurant in the same minutes: to show a fee costs a write only now and
    then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="quotes")
    zone = models.SlugField()
    fare_version = models.PositiveBigIntegerField(help_text="0: no fare was ever set in the zone")
    usual = models.PositiveIntegerField(help_text="the restaurant's own fee then")
    fee = models.PositiveIntegerField()
    lowest = models.PositiveIntegerField(help_text="of the surcharge")
    highest = models.PositiveIntegerField(help_text="of the surcharge")
    made_at = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            # What an order's foreign key points at: (quote, restaurant, fee).
            models.UniqueConstraint(fields=["id", "restaurant", "fee"], name="quote_restaurant_fee"),
            models.CheckConstraint(
                condition=Q(fee__gte=F("usual") + F("lowest"), fee__lte=F("usual") + F("highest")),
                name="quote_within_bounds",
            ),
        ]
        indexes = [models.Index(fields=["restaurant", "-made_at"], name="quote_newest")]

    def __str__(self) -> str:
        return f"{self.fee} at {self.restaurant_id}"
