"""The behaviour group's read model. Hours are wall time, as browsing knows no other clock."""

from __future__ import annotations

from django.db import models


class BrowsingHour(models.Model):
    """What one visitor did at one restaurant in an hour: so each counts once, however often a page was loaded."""

    generation = models.PositiveIntegerField()
    hour = models.DateTimeField()
    restaurant_id = models.BigIntegerField(help_text="0: searches, which are of none")
    zone = models.CharField(max_length=60, blank=True)
    visitor = models.CharField(max_length=40)
    searches = models.PositiveIntegerField(default=0)
    menus = models.PositiveIntegerField(default=0)
    put_in = models.PositiveIntegerField(default=0)
    taken_out = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "hour", "restaurant_id", "visitor"], name="browsing_hour_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%H}:00 restaurant {self.restaurant_id}: {self.menus} menus"


class OrderHour(models.Model):
    """Orders of a restaurant in an hour in which they were written down: everybody's, whoever agreed to what."""

    generation = models.PositiveIntegerField()
    hour = models.DateTimeField()
    restaurant_id = models.BigIntegerField()
    zone = models.CharField(max_length=60)
    placed = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "hour", "restaurant_id"], name="order_hour_once")]

    def __str__(self) -> str:
        return f"{self.hour:%H}:00 restaurant {self.restaurant_id}: {self.placed} placed"
