"""The dashboard group's read model. Times are city time, durations whole milliseconds of it.

No index holds a column that most events change: PostgreSQL then updates a row in place.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class OrderLife(models.Model):
    """An order, with the moments of its life."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    restaurant_id = models.BigIntegerField()
    restaurant = models.CharField(max_length=200, blank=True, help_text="its name when the order was placed")
    zone = models.CharField(max_length=60)
    status = models.CharField(max_length=16)
    sequence = models.BigIntegerField(help_text="of the latest event seen")
    total = models.BigIntegerField(null=True, help_text="minor units")
    placed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    ready_by = models.DateTimeField(null=True, help_text="as the restaurant promised")
    ready_at = models.DateTimeField(null=True)
    picked_up_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    courier_id = models.BigIntegerField(null=True, help_text="0: the courier who had it no longer has it")
    assigned_at = models.DateTimeField(null=True)
    offers = models.PositiveIntegerField(default=0, help_text="made to couriers so far")
    ended_by = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=80, blank=True, help_text="why it ended before the door")
    click_to_door_ms = models.BigIntegerField(null=True)
    ready_to_pickup_ms = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "order lives"
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="order_life_once")]
        indexes = [
            models.Index(fields=["generation", "placed_at"], name="order_life_placed"),
            models.Index(fields=["generation", "ended_at"], name="order_life_ended"),
            models.Index(fields=["generation"], name="order_life_open", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"


class CourierShift(models.Model):
    """A courier's time on the road, from the event that began it."""

    generation = models.PositiveIntegerField()
    courier_id = models.BigIntegerField()
    sequence = models.BigIntegerField(help_text="of the event that began it")
    zone = models.CharField(max_length=60)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "courier_id", "sequence"], name="courier_shift_once"),
            models.UniqueConstraint(
                fields=["generation", "courier_id"], name="courier_shift_one_open", condition=Q(ended_at=None)
            ),
        ]
        indexes = [models.Index(fields=["generation", "ended_at"], name="courier_shift_ended")]

    def __str__(self) -> str:
        return f"courier {self.courier_id} from {self.began_at:%H:%M}"
