"""The metrics group's read model. Times are city time, durations whole milliseconds of it, so that sums are exact."""

from __future__ import annotations

from django.db import models


class OrderFact(models.Model):
    """An order as its events tell it."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    restaurant_id = models.BigIntegerField()
    zone = models.CharField(max_length=60)
    status = models.CharField(max_length=16)
    sequence = models.BigIntegerField(help_text="of the latest event seen")
    total = models.BigIntegerField(null=True, help_text="minor units")
    placed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(help_text="of the latest event")
    click_to_door_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="order_fact_once")]
        indexes = [models.Index(fields=["generation", "status"], name="order_fact_status")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"


class MinuteCount(models.Model):
    """Orders of a restaurant that entered a status in a minute."""

    generation = models.PositiveIntegerField()
    minute = models.DateTimeField()
    restaurant_id = models.BigIntegerField()
    status = models.CharField(max_length=16)
    orders = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "minute", "restaurant_id", "status"], name="minute_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} restaurant {self.restaurant_id}: {self.orders} {self.status}"


class MinuteDelivery(models.Model):
    """Deliveries of a restaurant in a minute, with the sums that means are made of."""

    generation = models.PositiveIntegerField()
    minute = models.DateTimeField()
    restaurant_id = models.BigIntegerField()
    deliveries = models.BigIntegerField()
    click_to_door_ms = models.BigIntegerField()
    ready_to_pickup_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "minute", "restaurant_id"], name="minute_delivery_once")
        ]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} restaurant {self.restaurant_id}: {self.deliveries} delivered"
