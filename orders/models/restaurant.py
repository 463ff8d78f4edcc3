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
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="orders in a row that ran out of time")
    auto_pause_after = models.PositiveSmallIntegerField(
        default=3, help_text="so many unanswered orders in a row pause it; 0 is never"
    )
    auto_paused = models.BooleanField(default=False, help_text="paused because nobody answered")
    delivery_fee = models.PositiveIntegerField(default=290, help_text="minor units")
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its stream restaurants.events")
    posted_at = models.DateTimeField(null=True, help_text="wall time of its latest post to followers")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(auto_paused=False) | models.Q(paused=True), name="auto_paused_is_paused"
            )
        ]

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


class Allergen(models.TextChoices):
    """The fourteen that menus in the European Union must name (Regulation 1169/2011, annex II)."""

    CELERY = "celery"
    GLUTEN = "gluten", "cereals with gluten"
    CRUSTACEANS = "crustaceans"
    EGGS = "eggs"
    FISH = "fish"
    LUPIN = "lupin"
    MILK = "milk"
    MOLLUSCS = "molluscs"
    MUSTARD = "mustard"
    NUTS = "nuts", "tree nuts"
    PEANUTS = "peanuts"
    SESAME = "sesame"
    SOYA = "soya"
    SULPHITES = "sulphites"


class MenuItem(models.Model):
    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="items")
    section = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    price = models.PositiveIntegerField(help_text="minor units")
    sold_out = models.BooleanField(default=False)
    allergens = models.JSONField(default=list, blank=True, help_text="a list of the fourteen, such as milk")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="item_name_unique"),
            models.CheckConstraint(
                condition=models.Q(allergens__contained_by=Allergen.values), name="item_allergens_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def allergen_names(self) -> list[str]:
        return [Allergen(each).label.lower() for each in self.allergens]


class OptionGroup(models.Model):
    """Options of an item that are chosen together: a size of which exactly one, extras of which at most three."""

    item = models.ForeignKey(MenuItem, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=60)
    minimum = models.PositiveSmallIntegerField(default=0)
    maximum = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "name"], name="group_name_unique"),
            models.CheckConstraint(
                condition=models.Q(maximum__gte=1, minimum__lte=models.F("maximum")), name="group_bounds_sane"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_single(self) -> bool:
        """Whether it is a choice of exactly one."""
        return self.minimum == self.maximum == 1

    @property
    def rule(self) -> str:
        """What a customer has to know of it."""
        if self.minimum == self.maximum:
            return f"Choose {self.minimum}"
        if not self.minimum:
            return f"Up to {self.maximum}"
        return f"Choose {self.minimum} to {self.maximum}"


class MenuOption(models.Model):
    """An extra that changes an item's price: a size, a side, a sauce."""

    item = models.ForeignKey(MenuItem, on_delete=models.CASCADE, related_name="options")
    group = models.ForeignKey(
        OptionGroup,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="options",
        help_text="without one it is an extra that may be taken or left",
    )
    name = models.CharField(max_length=60)
    price = models.PositiveIntegerField(default=0, help_text="minor units, added to the item's")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["item", "name"], name="option_name_unique")]

    def __str__(self) -> str:
        return self.name
