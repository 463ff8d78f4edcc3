"""The recommendations group's read model."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ItemCount(models.Model):
    """An item that was ordered: in how many orders, and the name under which it was sold last."""

    generation = models.PositiveIntegerField()
    restaurant_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    named_at = models.DateTimeField(help_text="city time of the order that the name is from")
    orders = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "restaurant_id", "item_id"], name="item_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.orders} orders"


class PairCount(models.Model):
    """Orders that held both items; every pair is written both ways round."""

    generation = models.PositiveIntegerField()
    restaurant_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    other_id = models.BigIntegerField()
    orders = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "restaurant_id", "item_id", "other_id"], name="pair_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} with {self.other_id}: {self.orders} orders"


class PlacedBasket(models.Model):
    """One order's items, each once. Only ever added to, so it matters to nobody which partition was read first."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    customer_id = models.BigIntegerField()
    restaurant_id = models.BigIntegerField()
    restaurant = models.CharField(max_length=80, help_text="the name it had then")
    zone = models.CharField(max_length=60)
    placed_at = models.DateTimeField(help_text="city time")
    items = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="placed_basket_once")]
        indexes = [
            models.Index(fields=["generation", "customer_id", "-placed_at"], name="placed_basket_customer"),
            models.Index(fields=["generation", "restaurant_id", "-placed_at"], name="placed_basket_restaurant"),
            # Else a zone where nobody has ordered for long is looked for among all baskets.
            models.Index(fields=["generation", "zone", "-placed_at"], name="placed_basket_zone"),
            models.Index(fields=["generation", "-placed_at"], name="placed_basket_latest"),
        ]

    def __str__(self) -> str:
        return f"{len(self.items)} items of {self.restaurant}"
