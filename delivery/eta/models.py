"""What is known of preparation times, and every promise that was made. Times are city time, lengths city seconds."""

from __future__ import annotations

from django.db import models

from orders.models import Order

#: Width of a bucket of the distributions, in city seconds.
BUCKET = 30


class Kind(models.TextChoices):
    """Lengths that are learnt of each restaurant."""

    CONFIRM = "confirm", "from payment to acceptance"
    COOK = "cook", "from acceptance to the counter"
    LATE = "late", "later than the restaurant had said; negative when earlier"


class PreparationCount(models.Model):
    """Orders of a restaurant, accepted in an hour of the day (UTC), whose length fell into a bucket."""

    generation = models.PositiveIntegerField()
    restaurant_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    hour = models.PositiveSmallIntegerField()
    bucket = models.SmallIntegerField(help_text=f"length in units of {BUCKET} s, rounded down")
    orders = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "restaurant_id", "kind", "hour", "bucket"], name="preparation_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"restaurant {self.restaurant_id}, {self.hour} h: {self.orders} × {self.kind} {self.bucket * BUCKET} s"


class PreparationOpen(models.Model):
    """An order on its way to the counter: what is needed to know its lengths once it is there."""

    generation = models.PositiveIntegerField()
    order_id = models.UUIDField()
    paid_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    ready_by = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "order_id"], name="preparation_open_once")]

    def __str__(self) -> str:
        return str(self.order_id)


class Promise(models.Model):
    """What was promised of an order when it reached a stage, or was put off.

    `base` is the plain sum of what lies ahead, `scale` (seconds) how much this order's sum may err beside others'.
    What was promised is base plus a quantile of past errors times scale.
    """

    # Without a constraint: its check would lock the order's row against every change of the order.
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="promises", db_constraint=False)
    sequence = models.PositiveBigIntegerField(help_text="the order's version it was made of")
    stage = models.CharField(max_length=12)
    courier_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    base = models.DateTimeField()
    scale = models.FloatField()
    estimated = models.DateTimeField()
    latest_by = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "sequence"], name="promise_once")]
        indexes = [
            models.Index(
                fields=["stage", "-delivered_at"],
                condition=models.Q(delivered_at__isnull=False),
                name="promise_stage_delivered",
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.stage}: {self.estimated:%H:%M}, by {self.latest_by:%H:%M}"
