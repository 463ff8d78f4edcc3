"""The recommendations group's read model."""

from __future__ import annotations

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
