"""Each test has an account of its own at the sandbox, whose books it can read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, Payment
from orders.payments import tasks
from tests import factories


class Provider:
    """The sandbox as its other customers see it: raw calls, its books, the bank's page, its levers."""

    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def post(self, path: str, *, key: str = "", **form: Any) -> httpx.Response:
        return self.http.post(path, data=form, headers={"Idempotency-Key": key} if key else {})

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/sandbox/books").json()
        return found

    def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/sandbox/deliveries").json()
        return found

    def open(self, *, amount: int = 1190, key: str = "") -> str:
        form = {"amount": amount, "currency": "eur", "capture_method": "manual"}
        return str(self.post("/v1/payment_intents", key=key, **form).json()["id"])

    def held(self, card: str = "tok_ok") -> str:
        intent = self.open()
        assert self.post(f"/v1/payment_intents/{intent}/confirm", payment_method=card).status_code == 200
        return intent

    def answer(self, url: str, word: str) -> httpx.Response:
        """Press a button on the bank's page."""
        return self.http.post(url, data={"answer": word})


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    settings.PAYMENT_GATEWAY_KEY = f"sk_test_{uuid.uuid4().hex[:12]}"
    found = Provider(settings.PAYMENT_GATEWAY_URL, settings.PAYMENT_GATEWAY_KEY)
    yield found
    found.http.close()


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def delivered(order: Order) -> Order:
    lifecycle.pick_up(order.id, by=Actor("courier", 1))
    return lifecycle.deliver(order.id, by=Actor("courier", 1))


def captured_order(*, courier: int | None = None) -> Order:
    """An order that was delivered and paid: 900 for soup, 290 to bring it."""
    order = factories.ready_order()
    if courier is not None:
        Order.objects.filter(pk=order.pk).update(courier_id=courier)
    delivered(order)
    tasks.capture(order=str(order.id))
    order.refresh_from_db()
    return order
