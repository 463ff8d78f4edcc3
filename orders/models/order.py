"""The order: one row whose version counts its status changes, with the history of all of them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.models import Address

from .pricing import Quote
from .restaurant import Restaurant


class Status(models.TextChoices):
    PLACED = "placed"
    PAID = "paid"
    ACCEPTED = "accepted"
    READY = "ready"
    PICKED_UP = "picked_up", "picked up"
    DELIVERED = "delivered"
    PAYMENT_FAILED = "payment_failed", "payment failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNDELIVERABLE = "undeliverable"


#: No transition leaves these.
FINAL = frozenset({Status.DELIVERED, Status.PAYMENT_FAILED, Status.REJECTED, Status.CANCELLED, Status.UNDELIVERABLE})


class OrderQuerySet(models.QuerySet["Order"]):
    def for_customer(self, user_id: int) -> OrderQuerySet:
        return self.filter(customer_id=user_id)

    def for_restaurant(self, user_id: int) -> OrderQuerySet:
        """Orders a restaurant's people may see: from payment on, never an unpaid one."""
        return self.filter(restaurant__user_id=user_id).exclude(status__in=[Status.PLACED, Status.PAYMENT_FAILED])

    def unfinished(self) -> OrderQuerySet:
        return self.exclude(status__in=FINAL)


class Order(models.Model):
    class Hold(models.TextChoices):
        """Whether it is kept from couriers because it may be fraud: once at most."""

        NONE = "", "not held"
        HELD = "held", "held for review"
        LIFTED = "lifted", "found genuine"
        REJECTED = "rejected", "found fraudulent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="orders")
    zone = models.SlugField()
    address = models.ForeignKey(Address, on_delete=models.PROTECT)
    status = models.CharField(max_length=16, choices=Status, default=Status.PLACED)
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its latest change")
    courier_id = models.BigIntegerField(null=True, help_text="set by delivery with each assignment; routes events")
    currency = models.CharField(max_length=3, default="EUR")
    subtotal = models.PositiveIntegerField(help_text="minor units")
    delivery_fee = models.PositiveIntegerField(help_text="minor units")
    total = models.PositiveIntegerField(help_text="minor units")
    # The constraint order_fee_as_quoted spans three columns: (quote, restaurant, delivery_fee) is a quote's.
    quote = models.ForeignKey(
        Quote,
        null=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        related_name="orders",
        help_text="the fee that was shown; none where a program ordered without asking for one",
    )
    idempotency_key = models.CharField(max_length=80)
    request_digest = models.CharField(max_length=64, help_text="SHA-256 of the request that placed it")
    placed_at = models.DateTimeField(help_text="city time")
    accepted_at = models.DateTimeField(null=True)
    ready_by = models.DateTimeField(null=True, help_text="when the restaurant says it will be ready, city time")
    ready_at = models.DateTimeField(null=True)
    picked_up_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    door_code = models.CharField(
        max_length=4,
        blank=True,
        help_text="what the customer tells the courier, where they asked for it; never in events",
    )
    door_tries = models.PositiveSmallIntegerField(default=0, help_text="wrong codes so far")
    hold = models.CharField(max_length=8, choices=Hold, blank=True, default=Hold.NONE)
    device_token = models.CharField(max_length=20, blank=True, default="", help_text="keyed hash; see orders.tokens")
    door_token = models.CharField(max_length=20, blank=True, default="", help_text="keyed hash; see orders.tokens")
    created_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "idempotency_key"], name="order_placed_once"),
            models.CheckConstraint(
                condition=models.Q(total=models.F("subtotal") + models.F("delivery_fee")), name="order_total_adds_up"
            ),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="order_status_known"),
        ]
        indexes = [
            models.Index(fields=["restaurant", "status"], name="order_restaurant_status"),
            models.Index(fields=["zone", "status"], name="order_zone_status"),
            models.Index(fields=["customer", "-created_at"], name="order_customer_recent"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: the first eight digits of its id."""
        return self.id.hex[:8].upper()

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class OrderLine(models.Model):
    """What was bought, at the price it was bought for: later menu changes never touch it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    item_id = models.BigIntegerField(help_text="menu item at the time")
    name = models.CharField(max_length=80)
    options = models.JSONField(default=list, help_text="names of the chosen options")
    choices = models.JSONField(default=list, help_text="the chosen options: option id, group, name and price then")
    quantity = models.PositiveSmallIntegerField()
    unit_price = models.PositiveIntegerField(help_text="minor units, options included")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(quantity__gte=1), name="line_quantity_positive")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def total(self) -> int:
        return self.quantity * self.unit_price


class OrderHistory(models.Model):
    """Every fact of an order, once, in order: the database's own record that read models are checked against."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history")
    sequence = models.PositiveBigIntegerField()
    event_id = models.UUIDField(unique=True)
    type = models.CharField(max_length=60)
    old_status = models.CharField(max_length=16, blank=True)
    new_status = models.CharField(max_length=16)
    actor_role = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    payload = models.JSONField()
    at = models.DateTimeField(help_text="city time")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        verbose_name_plural = "order history"
        ordering = ["order", "sequence"]
        constraints = [models.UniqueConstraint(fields=["order", "sequence"], name="order_history_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.sequence} {self.type}"
