"""The ledger: every movement of money, twice. Entries are added and never changed, and each posting sums to zero.

PostgreSQL itself keeps both promises, whichever program asks: a deferred constraint trigger adds each posting up when
its transaction commits, and a trigger refuses every update and delete (migration `ledger_guards`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .order import Order
from .payment import Refund


class Account(models.TextChoices):
    """Debits are positive, credits negative: what we hold and are owed is above zero, what we owe and earned below."""

    GATEWAY = "gateway", "cash at the gateway"
    CUSTOMERS = "customers", "owed by customers"
    RESTAURANTS = "restaurants", "owed to restaurants"
    COURIERS = "couriers", "owed to couriers"
    REVENUE = "revenue", "the platform's revenue"
    REFUNDS = "refunds", "refunds the platform bears"


class Posting(models.Model):
    """One movement. Its key names what caused it, so that the same cause is written down once."""

    class Kind(models.TextChoices):
        SALE = "sale"
        CAPTURE = "capture"
        REFUND = "refund"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="postings")
    refund = models.ForeignKey(Refund, null=True, on_delete=models.PROTECT, related_name="postings")
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(help_text="city time")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One side of a posting: an amount in minor units of the posting's currency, on an account."""

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=12, choices=Account)
    party = models.BigIntegerField(null=True, help_text="the customer, restaurant or courier it concerns")
    amount = models.BigIntegerField(help_text="minor units; debit above zero, credit below")

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero")]
        indexes = [models.Index(fields=["account", "party"], name="entry_account_party")]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+}"
