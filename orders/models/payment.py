"""What an order's payment went through, and what was asked back of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from .order import Order, OrderLine


class Payment(models.Model):
    """One an order, with a small life of its own: `orders.payments.machine` has the table of its moves.

    Its id begins the idempotency key of every call to the gateway. A worker that calls the gateway holds the lease,
    so that two calls for one payment follow one another; a worker that died holds it until it runs out.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        ACTION = "action", "waits for the customer's bank"
        AUTHORISED = "authorised"
        DECLINED = "declined"
        CAPTURED = "captured"
        VOIDED = "voided"
        PARTLY_REFUNDED = "partly_refunded", "partly refunded"
        REFUNDED = "refunded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    card = models.CharField(max_length=60, help_text="the gateway's token, never a number")
    amount = models.PositiveIntegerField(help_text="minor units")
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its stream payments.transactions")
    captured = models.PositiveIntegerField(default=0, help_text="minor units taken")
    refunding = models.PositiveIntegerField(default=0, help_text="minor units asked back, refused ones left out")
    refunded = models.PositiveIntegerField(default=0, help_text="minor units given back")
    decline_code = models.CharField(max_length=60, blank=True)
    gateway_reference = models.CharField(max_length=120, blank=True)
    action_url = models.CharField(max_length=400, blank=True, help_text="where the customer confirms, while asked to")
    action_since = models.DateTimeField(null=True, help_text="wall time")
    leased_until = models.DateTimeField(null=True, help_text="wall time; a worker calls the gateway until then")
    lease = models.UUIDField(null=True, help_text="whose lease it is")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "pending",
                        "action",
                        "authorised",
                        "declined",
                        "captured",
                        "voided",
                        "partly_refunded",
                        "refunded",
                    ]
                ),
                name="payment_state_known",
            ),
            models.CheckConstraint(condition=Q(captured__lte=F("amount")), name="payment_captured_once"),
            models.CheckConstraint(
                condition=Q(refunding__lte=F("captured"), refunded__lte=F("refunding")),
                name="payment_refunds_within_capture",
            ),
            models.UniqueConstraint(
                fields=["gateway_reference"], condition=~Q(gateway_reference=""), name="payment_reference_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.amount}"


class PaymentHistory(models.Model):
    """Every fact of a payment, once, in order: what its stream must hold."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="history")
    sequence = models.PositiveBigIntegerField()
    event_id = models.UUIDField(unique=True)
    type = models.CharField(max_length=60)
    old_state = models.CharField(max_length=16)
    new_state = models.CharField(max_length=16)
    payload = models.JSONField()
    at = models.DateTimeField(help_text="city time")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        verbose_name_plural = "payment history"
        ordering = ["payment", "sequence"]
        constraints = [models.UniqueConstraint(fields=["payment", "sequence"], name="payment_history_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.payment_id} #{self.sequence} {self.type}"


class Refund(models.Model):
    """Money asked back, whole or by line. Its id is the idempotency key of the call to the gateway."""

    class State(models.TextChoices):
        REQUESTED = "requested", "waits for a decision"
        APPROVED = "approved", "on its way"
        REFUSED = "refused"
        SUCCEEDED = "succeeded", "paid back"
        FAILED = "failed"

    class Reason(models.TextChoices):
        MISSING = "missing", "Something was missing"
        WRONG = "wrong", "Something was wrong"
        QUALITY = "quality", "It was not good"
        LATE = "late", "It came too late"
        GOODWILL = "goodwill", "Goodwill"
        NOT_DELIVERED = "not_delivered", "It was not delivered"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField(help_text="minor units")
    reason = models.CharField(max_length=16, choices=Reason)
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    asked_by_role = models.CharField(max_length=12)
    asked_by_id = models.BigIntegerField(null=True)
    decided_by_id = models.BigIntegerField(null=True, help_text="the operator; none where the rule decided")
    refusal = models.CharField(max_length=200, blank=True, db_default="", help_text="why not, as the customer reads it")
    gateway_reference = models.CharField(max_length=120, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    asked_at = models.DateTimeField(help_text="city time")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive")]
        indexes = [models.Index(fields=["state", "updated_at"], name="refund_state")]

    def __str__(self) -> str:
        return f"{self.state} refund of {self.amount}"


class RefundLine(models.Model):
    """So many pieces of a line; a refund without lines is of an amount."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="refunds")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="refund_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class GatewayEvent(models.Model):
    """A webhook that was believed, under the gateway's own id of it: the second of the same id changes nothing."""

    id = models.CharField(primary_key=True, max_length=120)
    type = models.CharField(max_length=80)
    reference = models.CharField(max_length=120, blank=True)
    told_something = models.BooleanField(default=False, help_text="it was news, and a worker was sent to ask")
    received_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="gateway_event_received")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
