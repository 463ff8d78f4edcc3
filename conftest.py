"""Fixtures for every room. The servers themselves come from the plugin `tests.stack`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long it takes to think of an example says how busy the machine is, and nothing about the code.
settings.register_profile("forkroad", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("forkroad")


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """The database keeps the name that `tests.stack` gave it, which no other worker has: children are told that one."""


@pytest.fixture(autouse=True)
def _city_stands(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put the city's row back: a transactional test before this one has truncated what the migrations made."""
    marked = request.node.get_closest_marker("django_db") is not None
    if marked or {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("_django_db_helper")
        from django.db.models.functions import Now

        from orders.models import City

        City.objects.get_or_create(pk=1, defaults={"anchor_city": Now(), "anchor_wall": Now()})
    yield


@pytest.fixture
def namespace(settings: Any) -> str:
    """Topics, queues, groups and locks of this test alone, and an account of its own at the payment gateway."""
    settings.FORKROAD_NAMESPACE = f"t{uuid.uuid4().hex[:8]}"
    name: str = settings.FORKROAD_NAMESPACE
    settings.PAYMENT_GATEWAY_KEY = f"sk_test_{name}"
    return name
