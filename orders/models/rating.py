"""What a customer thought of the food and of the courier, apart, and once an order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .order import Order


def stars(name: str) -> Q:
    """One to five, or not said."""
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 1, f"{name}__lte": 5})


class Rating(models.Model):
    """Whom it is about stands here, too: the averages ask for nothing else."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, primary_key=True, related_name="rating")
    restaurant_id = models.BigIntegerField()
    courier_id = models.BigIntegerField(null=True)
    food = models.PositiveSmallIntegerField(null=True, help_text="1 to 5")
    courier = models.PositiveSmallIntegerField(null=True, help_text="1 to 5")
    note = models.CharField(max_length=200, blank=True, help_text="for the restaurant")
    rated_at = models.DateTimeField(help_text="city time of the first word")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=stars("food"), name="rating_food_stars"),
            models.CheckConstraint(condition=stars("courier"), name="rating_courier_stars"),
            models.CheckConstraint(
                condition=Q(food__isnull=False) | Q(courier__isnull=False), name="rating_says_something"
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant_id"], name="rating_restaurant"),
            models.Index(fields=["courier_id"], name="rating_courier"),
        ]

    def __str__(self) -> str:
        return f"food {self.food}, courier {self.courier}"
