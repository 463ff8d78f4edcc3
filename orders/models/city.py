"""The city: its clock, its geography and its rules of service, in one row."""

from __future__ import annotations

from django.db import models


class City(models.Model):
    """City time is `anchor_city + (wall − anchor_wall) × speed`, computed in SQL by `city_now()`.

    Every domain time is city time, so that a demo can run fast; transport lives by the wall clock.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=80, default="Forkroad")
    anchor_city = models.DateTimeField()
    anchor_wall = models.DateTimeField()
    speed = models.FloatField(default=1.0, help_text="city seconds per wall second")
    latitude = models.FloatField(default=48.2, help_text="of the point that planar coordinates start from")
    longitude = models.FloatField(default=16.37)
    metres_per_minute = models.FloatField(default=320.0, help_text="a courier's pace, city time")
    pickup_minutes = models.FloatField(
        default=4.0, help_text="service at the restaurant, half on each side of the pickup"
    )
    dropoff_minutes = models.FloatField(default=4.0)
    offer_seconds = models.FloatField(default=45.0, help_text="a courier's time to answer an offer, city time")
    offer_wall_seconds = models.FloatField(default=10.0, help_text="and never less than this, wall time")
    max_offers = models.PositiveSmallIntegerField(default=8, help_text="tries before an incident is opened")
    confirm_minutes = models.FloatField(default=15.0, help_text="a restaurant's time to answer a paid order")
    undeliverable_minutes = models.FloatField(
        default=120.0, help_text="wait for a courier before the order is given up"
    )

    class Meta:
        verbose_name_plural = "city"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_city"),
            models.CheckConstraint(condition=models.Q(speed__gt=0), name="city_clock_runs"),
        ]

    def __str__(self) -> str:
        return self.name
