"""Errors that no room of its own raises: unknown addresses, a database that does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client

from orders.models import Order
from tests import factories

from .conftest import Caller


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/restaurants/nowhere", "/restaurants/%00", "/orders/not-a-uuid", "/nothing/here"])
def test_unknown_addresses_are_json(path: str) -> None:
    status, answer = Caller(factories.alice()).get(path)
    assert (status, answer["code"]) == (404, "not_found")


def test_healthz_needs_no_database(client: Client) -> None:
    # Without the `db` mark pytest-django lets no query through.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.fixture
def short_of_patience(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    yield
    connection.close()


def test_a_database_that_does_not_answer_is_503_and_nothing_is_done(short_of_patience: None) -> None:
    order = factories.place_order()
    alice = Caller(order.customer)
    where = connection.get_connection_params()
    login = {name: where[name] for name in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**login) as other:
        other.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.id])
        status, answer = alice.post(f"/orders/{order.id}/cancel", {"reason": "hungry"})
        assert (status, answer["code"]) == (503, "unavailable")
        assert Order.objects.get(pk=order.id).status == "placed"
    assert alice.post(f"/orders/{order.id}/cancel", {"reason": "hungry"})[1]["status"] == "cancelled"
