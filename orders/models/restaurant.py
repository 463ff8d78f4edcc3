"""Restaurants, their menus and their hours."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models


class Restaurant(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="restaurant")
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    cuisine = models.CharField(max_length=40)
    zone = models.SlugField(help_text="slug of the delivery zone it stands in")
    latitude = models.FloatField()
    longitude = models.FloatField()
    paused = models.BooleanField(default=False)
    preparation_minutes = models.PositiveSmallIntegerField(default=15)
    delivery_fee = models.PositiveIntegerField(default=290, help_text="minor units")
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its stream restaurants.events")

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime) -> bool:
        """Whether it takes orders at a city time; without any hours it is open around the clock."""
        if self.paused:
            return False
        hours = list(self.hours.all())
        minute = at.hour * 60 + at.minute
        return not hours or any(span.covers(at.weekday(), minute) for span in hours)


class OpeningHours(models.Model):
    """One span of a weekday, in minutes after midnight; `closes` may pass 1440 into the next day."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday")
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name_plural = "opening hours"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens__lt=models.F("closes"), weekday__lte=6, closes__lte=2880)
                & models.Q(opens__lt=1440),
                name="opening_hours_sane",
            )
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.opens}–{self.closes}"

    def covers(self, weekday: int, minute: int) -> bool:
        return (self.weekday == weekday and self.opens <= minute < self.closes) or (
            (self.weekday + 1) % 7 == weekday and self.opens <= minute + 1440 < self.closes
        )


class MenuItem(models.Model):
    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="items")
    section = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    price = models.PositiveIntegerField(help_text="minor units")
    sold_out = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["restaurant", "name"], name="item_name_unique")]

    def __str__(self) -> str:
        return self.name


class MenuOption(models.Model):
    """An extra that changes an item's price: a size, a side, a sauce."""

    item = models.ForeignKey(MenuItem, on_delete=models.CASCADE, related_name="options")
    name = models.CharField(max_length=60)
    price = models.PositiveIntegerField(default=0, help_text="minor units, added to the item's")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["item", "name"], name="option_name_unique")]

    def __str__(self) -> str:
        return self.name
