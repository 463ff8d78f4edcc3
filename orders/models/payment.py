"""What an order's payment went through."""

from __future__ import annotations

import uuid

from django.db import models

from .order import Order


class Payment(models.Model):
    """One an order. Its id is the idempotency key of every call to the gateway."""

    class State(models.TextChoices):
        PENDING = "pending"
        AUTHORISED = "authorised"
        DECLINED = "declined"
        CAPTURED = "captured"
        VOIDED = "voided"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    card = models.CharField(max_length=60, help_text="the gateway's token, never a number")
    amount = models.PositiveIntegerField(help_text="minor units")
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    decline_code = models.CharField(max_length=60, blank=True)
    gateway_reference = models.CharField(max_length=120, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.state} {self.amount}"
