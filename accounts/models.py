"""People and their addresses: the only room with personal data."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    CUSTOMER = "customer"
    COURIER = "courier"
    RESTAURANT = "restaurant"
    OPERATOR = "operator"


class User(AbstractUser):
    """An account with one role; a person who is both courier and customer has two accounts."""

    role = models.CharField(max_length=12, choices=Role, default=Role.CUSTOMER)

    class Meta:
        indexes = [models.Index(fields=["role"], name="user_role")]

    @property
    def is_operator(self) -> bool:
        return self.role == Role.OPERATOR or self.is_superuser


class Address(models.Model):
    """Where a customer's order goes. Events carry its id, never its text."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=30, blank=True, help_text="the customer's own word, such as home")
    line = models.CharField(max_length=200)
    instructions = models.CharField(max_length=200, blank=True)
    latitude = models.FloatField()
    longitude = models.FloatField()
    is_default = models.BooleanField(default=False)
    removed = models.BooleanField(default=False, help_text="kept for the orders that went there, and offered no more")

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90)) & models.Q(longitude__range=(-180, 180)),
                name="address_on_earth",
            ),
            models.UniqueConstraint(fields=["user"], condition=models.Q(is_default=True), name="address_one_default"),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(removed=False), name="address_default_is_offered"
            ),
        ]

    def __str__(self) -> str:
        return self.line
