"""What the words of an order's notices need, kept from its own first event."""

from __future__ import annotations

from django.db import models


class OrderText(models.Model):
    """The receipt's lines and amounts, in minor units. Written by the notifications group alone."""

    order_id = models.UUIDField(primary_key=True)
    restaurant_id = models.BigIntegerField()
    restaurant = models.CharField(max_length=200)
    lines = models.JSONField(help_text="name, quantity, unit_price and options of each")
    subtotal = models.BigIntegerField()
    delivery_fee = models.BigIntegerField()
    total = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField(help_text="city time")

    def __str__(self) -> str:
        return f"order {self.order_id} at {self.restaurant}"
