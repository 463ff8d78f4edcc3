"""A row of everything that the admin shows: by the real verbs where people act, by its columns for the rest."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from analytics.audit.models import WrittenJSON
from delivery import offers
from orders.models import City, Entry, Posting
from tests import factories
from tests.delivery.conftest import offer_to

#: Columns that must agree with others of their row.
FITTING: dict[str, dict[str, Any]] = {"orders.Quote": {"usual": 0}, "delivery.AnnouncedShift": {"until": None}}


def registered() -> list[type[models.Model]]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def settle() -> None:
    """A restaurant, a customer, a courier with their order, and one row of all the rest."""
    _evening("alice", "soup-kitchen", "c-01")
    _fill(0)


def grow() -> None:
    """Two more of everything, and each of them of somebody else: what a list must not ask for one by one."""
    for number, name in enumerate(["bob", "dora"], 1):
        _evening(name, f"kitchen-{number}", f"c-1{number}")
        _fill(number)


def _evening(customer: str, restaurant: str, courier: str) -> None:
    person, shop = factories.make_customer(customer), factories.make_restaurant(restaurant)
    rider = factories.make_courier(courier)
    order = factories.accepted_order(person, shop)
    offers.accept(offer_to(rider, order).id, courier=rider)
    sale = Posting.objects.create(key=f"sale {order.pk}", kind="sale", order=order, currency="EUR", at=order.placed_at)
    for account, amount in (("customers", 900), ("revenue", -900)):
        Entry.objects.create(posting=sale, account=account, amount=amount)


def _fill(number: int) -> None:
    for model in registered():
        # Of cities there is one.
        if model is not City and model._default_manager.count() <= number:
            model._default_manager.create(**_values(model, number))


def _values(model: type[models.Model], number: int) -> dict[str, Any]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    return {field.attname: _value(field, number) for field in fields} | FITTING.get(model._meta.label, {})


def _value(field: Any, number: int) -> Any:
    if field.is_relation:
        rows = field.related_model._default_manager.order_by("pk")
        if field.unique:
            rows = rows.exclude(pk__in=field.model._default_manager.values(field.attname))
        found = list(rows.values_list("pk", flat=True))
        return found[number % len(found)] if found else None
    if field.choices:
        return next(value for value, _ in field.flatchoices if value != "")
    match field:
        case models.DateTimeField():
            return timezone.now() + timedelta(minutes=number)
        case models.UUIDField():
            return uuid.uuid4()
        case models.BooleanField():
            return False
        case models.FloatField():
            return 1.0
        case models.IntegerField():
            return number + 1
        case models.BinaryField():
            return b'{"a": 1}'
        case ArrayField():
            return [1, 2]
        case models.JSONField() | WrittenJSON():
            return {}
    return f"{field.name} {number}"[: field.max_length]
