"""The admin: every list and page of what exists opens, and what happened cannot be edited."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from orders.models import MenuItem, Order, OrderHistory, Payment, Restaurant
from tests import factories

pytestmark = pytest.mark.django_db

ROOMS = {"accounts", "orders", "messaging", "delivery"}
MODELS = [model for model in admin.site._registry if model._meta.app_label in ROOMS]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(factories.make_operator())
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_page_opens(operator: Client, model: type[Model]) -> None:
    factories.accepted_order()
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"admin:{name}_changelist"), {"q": "x"}).status_code == 200
    assert operator.get(reverse(f"admin:{name}_changelist")).status_code == 200
    first = model._default_manager.first()
    if first is not None:
        assert operator.get(reverse(f"admin:{name}_change", args=[first.pk])).status_code == 200


@pytest.mark.parametrize("model", [Order, OrderHistory, Payment])
def test_what_happened_cannot_be_edited(operator: Client, model: type[Model]) -> None:
    order = factories.accepted_order()
    row = model._default_manager.first()
    assert row is not None
    name = f"orders_{model._meta.model_name}"
    assert operator.post(reverse(f"admin:{name}_change", args=[row.pk]), {"status": "delivered"}).status_code == 403
    assert operator.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert operator.get(reverse(f"admin:{name}_add")).status_code == 403
    order.refresh_from_db()
    assert order.status == "accepted"


def test_facts_with_events_are_not_tick_boxes(operator: Client) -> None:
    restaurant = factories.make_restaurant()
    item = restaurant.items.get(name="Soup")
    for model, row in [(Restaurant, restaurant), (MenuItem, item)]:
        page = operator.get(reverse(f"admin:orders_{model._meta.model_name}_change", args=[row.pk])).content.decode()
        assert 'name="paused"' not in page and 'name="sold_out"' not in page and 'name="version"' not in page


def test_customers_stay_outside(client: Client) -> None:
    client.force_login(factories.alice())
    assert client.get(reverse("admin:orders_order_changelist")).status_code == 302
